// Scores a blind reading: `node test/blind/score.mjs [answers.json]`.
// answers.json maps a picture's number to a prompt's number, as key.json does; a prompt may be named
// once. Exit status 0 when at least 80 of 100 are right.
import { readFileSync } from 'node:fs'

const PASSES = 0.8

const read = (path) => JSON.parse(readFileSync(path, 'utf8'))
const at = (name) => new URL(name, import.meta.url)

const key = read(at('key.json'))
const prompts = new Map(read(at('prompts.json')).map((p) => [p.number, p.prompt]))
const answers = read(process.argv[2] ?? at('answers.json'))

const named = Object.values(answers)
const unknown = Object.entries(answers).filter(([picture, prompt]) => !(picture in key) || !prompts.has(prompt))
if (unknown.length > 0 || new Set(named).size !== named.length) {
  console.error(
    `answers must map pictures ${Object.keys(key).sort()[0]}-${Object.keys(key).length} to distinct prompts 1-${prompts.size}`,
  )
  process.exit(2)
}

const wrong = Object.keys(key)
  .sort()
  .filter((picture) => answers[picture] !== key[picture])
for (const picture of wrong) {
  console.log(`${picture}: was "${prompts.get(key[picture])}", read as "${prompts.get(answers[picture]) ?? 'nothing'}"`)
}
const count = Object.keys(key).length
const right = count - wrong.length
console.log(`${right} of ${count} right`)
process.exit(right >= PASSES * count ? 0 : 1)
