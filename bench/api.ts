// The API on the production form (PostgreSQL, Redis, S3; `serve` in a process of its own): requests accepted against BullMQ's bare
// `add`, events told to a thousand listeners against a plain server that writes the same bytes, memory over many requests.
// Peers run in the same run and alternate. The last figures are in results/api.md.
//   npm run bench -- bench/api.ts [--only acceptance,statements,listeners,memory] [--rounds 7] [--each 400] [--requests 100000]
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { countStatements, measureAcceptance, type Row } from './api/acceptance.ts'
import { measureListeners } from './api/listeners.ts'
import { measureMemory } from './api/memory.ts'
import { load, openStage } from './api/stage.ts'

const PARTS = ['statements', 'acceptance', 'listeners', 'memory'] as const

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: PARTS.join() },
    rounds: { type: 'string', default: '7' },
    /** Requests a round. */
    each: { type: 'string', default: '400' },
    'at-once': { type: 'string', default: '1,16,64' },
    listeners: { type: 'string', default: '1000' },
    generations: { type: 'string', default: '50' },
    requests: { type: 'string', default: '100000' },
    /** Of requests for memory; then what was seen is judged. */
    minutes: { type: 'string', default: '30' },
  },
})
const rounds = whole(values.rounds, '--rounds')
const parts = values.only.split(',')
for (const part of parts)
  if (!PARTS.some((known) => known === part)) throw new RangeError(`--only takes ${PARTS.join(', ')}`)

console.log(
  `${new Date().toISOString().slice(0, 16)}Z, ${availableParallelism()} cores, Node ${process.version}, ${load()}`,
)
await using stage = await openStage()

if (parts.includes('statements')) {
  const { rows, total } = await countStatements(stage, 100)
  show('What accepting a request consists of, by PostgreSQL', rows)
  console.log(total)
}
if (parts.includes('acceptance')) {
  const each = whole(values.each, '--each')
  const atOnce = values['at-once'].split(',').map((many) => whole(many, '--at-once'))
  const rows = await measureAcceptance(stage, { rounds, each, atOnce })
  show(`POST /v1/generations, one tenant; ${rounds} alternating rounds of ${each}: medians (least–most)`, rows)
}
if (parts.includes('listeners')) {
  const listeners = whole(values.listeners, '--listeners')
  const generations = whole(values.generations, '--generations')
  for (const spreadOver of [generations, 1]) {
    const { rows, facts } = await measureListeners(stage, { listeners, generations: spreadOver, rounds })
    show(`${listeners} listeners on ${spreadOver} generation(s), ${rounds} alternating rounds`, rows)
    console.log(facts)
  }
}
if (parts.includes('memory')) {
  const { rows, verdict } = await measureMemory(stage, {
    requests: whole(values.requests, '--requests'),
    minutes: whole(values.minutes, '--minutes'),
  })
  show('Memory of one serve process', rows)
  console.log(verdict.text)
  if (!verdict.flat) process.exitCode = 1
}

function show(title: string, rows: readonly Row[]): void {
  console.log(title)
  console.table(rows)
}

function whole(text: string, option: string): number {
  const number = Number(text)
  if (Number.isInteger(number) && number > 0) return number
  throw new RangeError(`${option} takes a number above 0`)
}
