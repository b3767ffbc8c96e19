// Which clauses can be reached: a table of what must be told, and a property that holds the proof against the conditions themselves.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { compileInput, compileOutput, type Names } from '../../src/policy/conditions.ts'
import type { InputFeatures } from '../../src/policy/policy.ts'
import { flawsOfReach, type Step } from '../../src/policy/reach.ts'

const NAMES: Names = {
  lists: new Set(['a', 'b', 'c']),
  contexts: new Set(['x', 'y']),
  scores: new Set(['s', 't']),
  purposes: new Set(['p', 'q', 'none']),
}
const KNOWN = { purposes: ['p', 'q', 'none'], opens: (purpose: string) => (purpose === 'p' ? ['x'] : []) }
const A = '"a" in prompt.matches'
const B = '"b" in prompt.matches'
const X = '"x" in prompt.contexts'

function step(when: string, index: number, action = 'deny', stage: 'input' | 'output' = 'input'): Step {
  const compiled = stage === 'input' ? compileInput(when, 'k', NAMES) : compileOutput(when, 'k', NAMES)
  assert.ok(compiled.ok, when)
  return { clause: `k/${index + 1}`, action, formula: compiled.condition.formula }
}
const input = (...whens: string[]) =>
  flawsOfReach(
    whens.map((when, at) => step(when, at)),
    KNOWN,
  )
const output = (...whens: string[]) =>
  flawsOfReach(
    whens.map((when, at) => step(when, at, 'hold', 'output')),
    KNOWN,
  )

test('what can be reached is told nothing of', () => {
  assert.deepEqual(input(A, B, X), [])
  assert.deepEqual(input(`${A} && ${B}`, A, B), [])
  assert.deepEqual(input('purpose == "p"', 'purpose == "q"', A), [])
  assert.deepEqual(input('tenant == "one"', 'tenant == "two"', 'tenant != "three"'), [])
  assert.deepEqual(input('tenant.startsWith("x")', A), [], 'what is not read further may be either')
  assert.deepEqual(output('scores["s"] > 0.5', 'scores["s"] > 0.2'), [])
  assert.deepEqual(output('scores["s"] > 0.2 && scores["s"] < 0.3'), [], 'there are scores between two bounds')
  assert.deepEqual(output('scores["s"] >= 0.5', 'scores["s"] < 0.5 && scores["t"] > 0.1'), [])
})

test('what cannot be is told with the clause that decides instead', () => {
  const cases: [ReturnType<typeof input>, number, RegExp][] = [
    [input(`${A} && !(${A})`), 0, /never true/],
    [input('purpose == "p" && purpose == "q"'), 0, /never true/],
    [input(`purpose == "p" && !(${X})`), 0, /never true/],
    [input('tenant == "one" && tenant == "two"'), 0, /never true/],
    [input(`${A} || !(${A})`), 0, /always true/],
    [input('purpose in ["p", "q", "none"]'), 0, /always true/],
    [input(A, `${A} ? true : false`), 1, /clause k\/1 has the same condition/],
    [input(A, B, `${B} && ${A}`), 2, /decided \(k\/1\)/],
    [input(`${A} && ${B}`, `${A} && !(${B})`, `${A} && ${X}`), 2, /decided \(k\/1, k\/2\)/],
    [input(X, `purpose == "p" && ${A}`), 1, /decided \(k\/1\)/],
    [output('scores["s"] > 0.2', 'scores["s"] > 0.5'), 1, /decided \(k\/1\)/],
    [output('scores["s"] < 0.2 && 0.3 < scores["s"]'), 0, /never true/],
    [output('scores["s"] >= 0.0'), 0, /always true/],
    [output('scores["s"] > 1.0'), 0, /never true/],
  ]
  for (const [flaws, at, reason] of cases) {
    assert.equal(flaws.length, 1, `${reason} ${JSON.stringify(flaws)}`)
    assert.equal(flaws[0]?.step, at)
    assert.match(flaws[0]?.reason ?? '', reason)
  }
})

test('an allow that hides everything after it is told as such', () => {
  const steps = [step(`${A} || ${B}`, 0, 'allow'), step(A, 1), step(B, 2)]
  const hides = flawsOfReach(steps, KNOWN).filter(({ reason }) => reason.includes('hides'))
  assert.deepEqual(
    hides.map(({ step: at }) => at),
    [0],
  )
  assert.match(hides[0]?.reason ?? '', /k\/2, k\/3/)
  const partly = flawsOfReach([step(A, 0, 'allow'), step(`${A} || ${B}`, 1)], KNOWN)
  assert.deepEqual(partly, [])
})

test('more combinations than can be checked are refused, not skipped', () => {
  const many = Array.from({ length: 15 }, (_, index) => `size(prompt.matches) == ${index}`).join(' || ')
  assert.match(input(many)[0]?.reason ?? '', /32768 combinations, and at most 16384/)
})

const condition: fc.Arbitrary<string> = fc.letrec<{ when: string }>((tie) => ({
  when: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom(
      A,
      B,
      X,
      '"c" in negative.matches',
      '"y" in prompt.contexts',
      'purpose == "p"',
      'purpose != "q"',
      'tenant == "one"',
    ),
    fc
      .tuple(tie('when'), fc.constantFrom('&&', '||'), tie('when'))
      .map(([one, op, other]) => `(${one} ${op} ${other})`),
    tie('when').map((one) => `!(${one})`),
    fc.tuple(tie('when'), tie('when'), tie('when')).map(([one, two, three]) => `(${one} ? ${two} : ${three})`),
  ),
})).when

const subsetsOf = (names: string[]) =>
  Array.from({ length: 2 ** names.length }, (_, bits) => names.filter((__, at) => (bits >> at) % 2 === 1))

/** Every request that there can be, as CEL sees it. */
const REQUESTS: InputFeatures[] = []
for (const matches of subsetsOf(['a', 'b']))
  for (const contexts of subsetsOf(['x', 'y']))
    for (const unwanted of subsetsOf(['c']))
      for (const purpose of KNOWN.purposes)
        for (const tenant of ['one', 'another'])
          if (KNOWN.opens(purpose).every((context) => contexts.includes(context)))
            REQUESTS.push({ prompt: { matches, contexts }, negative: { matches: unwanted }, purpose, tenant })

test('what is told of random clauses is what CEL itself does with every request', () => {
  fc.assert(
    fc.property(fc.array(condition, { minLength: 1, maxLength: 4 }), (whens) => {
      const compiled = whens.map((when) => {
        const one = compileInput(when, 'k', NAMES)
        assert.ok(one.ok, when)
        return one.condition
      })
      const firsts = REQUESTS.map((request) => compiled.findIndex(({ evaluate }) => evaluate(request)))
      const steps = compiled.map(({ formula }, at) => ({ clause: `k/${at + 1}`, action: 'deny', formula }))
      const told = new Set(flawsOfReach(steps, KNOWN).map((flaw) => flaw.step))
      for (const [at, { evaluate }] of compiled.entries()) {
        const always = REQUESTS.every((request) => evaluate(request))
        assert.equal(told.has(at), always || !firsts.includes(at), `${at} of ${JSON.stringify(whens)}`)
      }
    }),
    { numRuns: 150 },
  )
})
