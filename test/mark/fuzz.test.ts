// Two thousand broken files, the same each time, through what strangers reach: each is answered or refused by its field, none takes longer
// than its time, and this process is as large afterwards. The long run is `npm run soak` (bench/fuzz.ts).
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { emptyTally, openFuzzing, residentBytes } from './fuzzing.ts'
import { mutate } from './mutations.ts'

const WARM = 200
const FILES = 2000
const GROWTH_BYTES = 100_000_000

test('the same seed breaks a file the same way', () => {
  const file = Buffer.from('\x89PNG\r\n\x1a\n'.repeat(40), 'latin1')
  for (let seed = 0; seed < 50; seed++) assert.deepEqual(mutate(file, file, seed), mutate(file, file, seed))
})

test('no broken file crashes the service, hangs it or makes it grow', async (t) => {
  await using fuzzing = await openFuzzing()
  const tally = emptyTally()
  await fuzzing.run(0, WARM, tally)
  const before = residentBytes()
  await fuzzing.run(WARM, FILES - WARM, tally)
  const growth = residentBytes() - before
  t.diagnostic(JSON.stringify({ ...tally, growth }))
  assert.deepEqual(tally.wrong, [])
  assert.ok(growth < GROWTH_BYTES, `${growth} bytes more`)
  assert.ok((tally.refusals.unsupported_media ?? 0) > FILES / 10, 'some are broken enough to be refused')
  assert.ok(Object.values(tally.verdicts).reduce((sum, count) => sum + count, 0) > FILES / 10, 'and some are not')
})
