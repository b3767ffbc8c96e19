// What our verifier holds of rows, whoever made them: so many tenants and so many kinds, and no more.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ArchiveError } from '../../src/audit/archive-reader.ts'
import { MOST_TENANT_BYTES, openChains } from '../../src/audit/verify-chains.ts'

const LINK = 'a'.repeat(64)
/** Each of 60,000 characters. */
const nameOf = (number: number) => `${number}`.padEnd(60_000, '.')
const MOST = Math.floor(MOST_TENANT_BYTES / (256 + 2 * 60_000))

test('as many tenants as fit are followed; with one more the archive is unchecked, not wrong', () => {
  const told: string[] = []
  const chains = openChains(false, (line) => told.push(line))
  const follow = (tenant: string, sequence: number) =>
    chains.follow(
      {
        v: 2,
        tenant,
        sequence: `${sequence}`,
        previous: LINK,
        at: '2026-01-01T00:00:00.000Z',
        kind: 'a.b',
        body: LINK,
      },
      LINK,
      'here',
    )
  for (let number = 0; number < MOST; number++) follow(nameOf(number), 7)
  // One that is known takes nothing more, and is still followed.
  follow(nameOf(0), 8)
  assert.deepEqual(told, [])
  follow(nameOf(1), 9)
  assert.match(told[0] ?? '', /sequence 9 .* does not follow 7/)
  assert.throws(
    () => follow(nameOf(MOST), 1),
    (error) => error instanceof ArchiveError && error.unchecked && /more tenants/.test(error.message),
  )
})
