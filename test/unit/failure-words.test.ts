// Every reason for which a generation fails has words on its page and a place in the manual.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { failureWords } from '../../src/console/modules/words.ts'
import { FAILURES } from '../../src/journey.ts'
import { Fault } from '../../src/kernel/fault.ts'
import { failureOf } from '../../src/outcome.ts'

const MANUAL = readFileSync(new URL('../../docs/native-api.md', import.meta.url), 'utf8')

test('each reason has words of its own on the page, and stands in the manual', () => {
  const [, told = ''] = /^The reasons: (.*?)\. /ms.exec(MANUAL) ?? []
  assert.deepEqual(
    told.split(/,\s+/),
    FAILURES.map((reason) => `\`${reason}\``),
  )
  const words = FAILURES.map(failureWords)
  assert.equal(new Set([...words, failureWords(null)]).size, FAILURES.length + 1)
})

test('a model whose files are missing or are not its own is damaged, not one that failed', () => {
  for (const code of ['pack_missing', 'pack_corrupt'] as const) assert.equal(failureOf(new Fault(code)), 'pack_corrupt')
  assert.equal(failureOf(new Fault('model_unknown')), 'model_error')
})
