// Moments as queries name them: those of the calendar, and nothing that is made into one.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { instant } from '../../src/http/validation.ts'
import { isFault } from '../../src/kernel/fault.ts'

test('a moment is read with its offset, and none is none', () => {
  assert.equal(instant(undefined, 'from'), null)
  assert.equal(instant('2024-02-29T23:59:59.5Z', 'from')?.toISOString(), '2024-02-29T23:59:59.500Z')
  assert.equal(instant('2026-03-01T01:00:00+02:00', 'from')?.toISOString(), '2026-02-28T23:00:00.000Z')
})

for (const text of [
  '2026-02-30T00:00:00Z',
  '2026-02-29T00:00:00Z',
  '2026-04-31T12:00:00+02:00',
  '2026-13-01T00:00:00Z',
  '2026-00-10T00:00:00Z',
  '2026-01-01T24:00:01Z',
  '2026-01-01T00:61:00Z',
  '1969-12-31T23:59:59Z',
  '2026-01-01',
  '2026-01-01T00:00:00',
  'now',
  '',
])
  test(`'${text}' is refused by the field's name`, () => {
    assert.throws(
      () => instant(text, 'to'),
      (error) => isFault(error, 'invalid_request') && error.field === 'to',
    )
  })
