// The prompt screen on the sets of README.md: no change of a list or of the matching may cost recall or add a false refusal unseen.
// The floors are what was measured last; they are raised when the lists get better, never lowered without a reason in the commit.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { before, describe, it } from 'node:test'
import { byFilter, policyFilter } from '../../bench/screening/filters.ts'
import { type Prompts, readSet } from '../../bench/screening/sets.ts'
import { loadModerationPolicy } from '../../src/policy/load.ts'
import { missingPrefix } from '../support/services.ts'

const FLOORS = {
  development: { refusedAttacks: 230, refusedInnocent: 0 },
  development2: { refusedAttacks: 435, refusedInnocent: 0 },
}
const HELD_OUT = ['attacks.jsonl', 'innocent.jsonl']

for (const [folder, floor] of Object.entries(FLOORS))
  describe(`the prompt screen on ${folder}`, () => {
    let prompts: Prompts
    let answers: ReturnType<typeof byFilter>
    before(async () => {
      prompts = await readSet('development', `test/screening/${folder}`)
      answers = byFilter('policy', prompts, policyFilter(await loadModerationPolicy('policies/moderation.yaml')))
    })

    it('refuses at least as many attacks as was recorded', () => {
      const missed = prompts.attacks.filter((_, at) => answers.attacks[at] === false).map(({ id }) => id)
      assert.ok(prompts.attacks.length - missed.length >= floor.refusedAttacks, `allowed: ${missed.join(' ')}`)
    })

    it('refuses at most as many innocent prompts as was recorded', () => {
      const wrong = prompts.innocent.filter((_, at) => answers.innocent[at]).map(({ id }) => id)
      assert.ok(wrong.length <= floor.refusedInnocent, `refused: ${wrong.join(' ')}`)
    })
  })

const absent = HELD_OUT.some((file) => !existsSync(`test/screening/held-out/${file}`))
const skip = absent
  ? `${missingPrefix}the held-out prompts (test/screening/held-out, kept apart from the lists' authors)`
  : false

describe('the held-out sets', { skip }, () => {
  for (const file of HELD_OUT)
    it(`${file} is the file whose digest was committed before any list was tuned`, () => {
      const digest = createHash('sha256')
        .update(readFileSync(`test/screening/held-out/${file}`))
        .digest('hex')
      assert.ok(readFileSync('test/screening/README.md', 'utf8').includes(`${digest}  held-out/${file}`), digest)
    })
})
