// Every kind of move that the code writes has its words: the source is read for the kinds that it notes, and the journey for its states.
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { test } from 'node:test'
import { kindOf, knownKinds } from '../../src/audit/history-kinds.ts'
import { type Subject, statesOf } from '../../src/journey.ts'

const root = resolve(import.meta.dirname, '../..')
/** Kinds that are put together: what may stand in the place. One that is not here must be added. */
const PLACES: Record<string, readonly string[]> = {
  'person.${verb}': ['person.deactivated', 'person.activated', 'person.changed'],
  '${subject}.restated': ['request.restated', 'image.restated'],
  '${subject}.preservation_due': ['request.preservation_due', 'image.preservation_due'],
  '${subject}.preservation_ended': ['request.preservation_ended', 'image.preservation_ended'],
  '${found.subject}.preservation_ended': ['request.preservation_ended', 'image.preservation_ended'],
  // Of many items at once: the callers name it.
  kind: ['review.breached', 'review.awaiting', 'review.resumed'],
}

/** What stands as the third of a note's arguments. */
function notedIn(text: string): string[] {
  return [...text.matchAll(/\bnote\(/g)].flatMap(({ index }) => {
    if (/function\s+$/.test(text.slice(Math.max(0, index - 20), index))) return []
    return [argumentsFrom(text, index + 'note('.length)[2]?.trim() ?? '']
  })
}

function argumentsFrom(text: string, start: number): string[] {
  const found: string[] = []
  let [depth, from] = [0, start]
  for (let at = start; depth >= 0 && at < text.length; at++) {
    const character = text[at] ?? ''
    if ('([{'.includes(character)) depth++
    if (')]}'.includes(character)) depth--
    if ((character === ',' && depth === 0) || depth < 0) {
      found.push(text.slice(from, at))
      from = at + 1
    }
  }
  return found
}

function kindsIn(argument: string): string[] {
  const literals = [...argument.matchAll(/'([^']*)'/g)].map(([, literal = '']) => literal)
  if (literals.length > 0) return literals
  const known = PLACES[argument.replaceAll('`', '')]
  assert.ok(known, `add what ${argument} may be to the places of this test`)
  return [...known]
}

const sources = () => {
  const paths = globSync('{src,workers}/**/*.ts', { cwd: root })
  return paths.map((path) => readFileSync(join(root, path), 'utf8')).filter((text) => /\bnote\(tx/.test(text))
}

test('each kind that the code notes, and each state of the journey, has words of its own', () => {
  const noted = sources()
    .flatMap(notedIn)
    .filter((argument) => argument !== 'string')
  assert.ok(noted.length > 35, `${noted.length} notes are found`)
  const subjects: Subject[] = ['request', 'image', 'appeal']
  const states = subjects.flatMap((subject) => statesOf(subject).map((state) => `${subject}.${state}`))
  const written = new Set([...noted.flatMap(kindsIn), ...states])
  const known = new Set(knownKinds())
  assert.deepEqual(
    [...written].filter((kind) => !known.has(kind)),
    [],
    'kinds without words',
  )
  assert.deepEqual(
    [...known].filter((kind) => !written.has(kind)),
    [],
    'words for what nobody writes',
  )
})

test('a kind that nobody knows is told as that', () => {
  assert.match(kindOf('moon.landed').says, /of the kind moon\.landed/)
})
