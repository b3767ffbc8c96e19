// verify.mjs against archives that were made from the specification: what is right holds, and one wrong thing is said in one line.
// The last part changes a right archive at random places in three hundred ways, each of which must be found.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, test } from 'node:test'
import { verifyExport } from '../../src/audit/verify.mjs'
import { archiveOf, PLAN, type Plan, SIGNER } from './archives/archive.ts'
import { logOf, someMoves, timeOf } from './archives/moves.ts'

const program = resolve(import.meta.dirname, '../../src/audit/verify.mjs')
const folder = mkdtempSync(join(tmpdir(), 'darkroom-verify-mjs-'))
after(() => rmSync(folder, { recursive: true, force: true }))

let files = 0
const fileOf = (bytes: Buffer | string): string => {
  const path = join(folder, `file-${files++}`)
  writeFileSync(path, bytes)
  return path
}

interface Run {
  code: number
  stdout: string
  stderr: string
  /** The lines of failures, with hashes and paths in short. */
  lines: string[]
}

const shorten = (line: string): string =>
  line
    .replaceAll(folder, '')
    .replace(/\b[0-9a-f]{64}\b/g, 'HEX')
    .replace(/[A-Za-z0-9+/]{43}=/g, 'ROOT')
    .replace(/\/file-\d+/g, 'FILE')

const command = (...args: string[]): Promise<Run> =>
  new Promise((resolved) => {
    execFile(process.execPath, [program, ...args], { timeout: 60_000 }, (error, stdout, stderr) => {
      const lines = stdout.split('\n').filter((line) => /^(wrong|not checked): /.test(line))
      resolved({ code: error === null ? 0 : Number(error.code), stdout, stderr, lines: lines.map(shorten) })
    })
  })

const verify = (bytes: Buffer, ...args: string[]): Promise<Run> =>
  command(fileOf(bytes), ...(args.includes('--key') ? [] : ['--key', SIGNER.text]), ...args)

const planOf = (changes: Partial<Plan>): Plan => ({ ...PLAN, ...changes })
const queryOf = (changes: Partial<Plan['query']>): Plan => planOf({ query: { ...PLAN.query, ...changes } })
const emptyLog = planOf({ log: [], first: 0, end: 0, start: undefined, withheld: [] })

test('a right archive holds, and what was verified is said in plain words', async () => {
  const { code, stdout, stderr } = await verify(archiveOf(PLAN))
  assert.equal(code, 0, stdout)
  assert.equal(stderr, '')
  assert.deepEqual(stdout.split('\n'), [
    'VERIFIED: everything holds.',
    'log             darkroom.example/log',
    'export          exp_1, made at 2026-01-31T13:00:00.000Z by Darkroom 1.2.3',
    'period          from 2026-01-31T12:08:00.000Z up to, and without, 2026-01-31T12:36:00.000Z (UTC)',
    'query           every row of the period',
    'rows            35, at 5 up to, and without, 40 of the 52 leaves of the log; 28 within the period',
    'opened          27',
    'by kind         7 image.denied, 6 image.marked, 7 image.published, 7 statement.issued',
    'completeness    proven: every row of the range that matches is opened here, but for those withheld',
    'withheld        1 of restricted cases, at 23',
    'reconciliation  images: published images: expected 7, found 7, difference 0',
    `key             ${SIGNER.text}, given by the command line`,
    '',
  ])
})

const right: [string, Buffer, number][] = [
  ['of the whole log', archiveOf(planOf({ first: 0, end: 52, start: undefined })), 0],
  ['that ends with the log', archiveOf(planOf({ end: 52 })), 0],
  ['with a table beside the rows', archiveOf(planOf({ extra: new Map([['rows.csv', Buffer.from('index\r\n')]]) })), 0],
  [
    'with both tables',
    archiveOf(planOf({ extra: new Map(['csv', 'parquet'].map((x) => [`rows.${x}`, Buffer.from(x)])) })),
    0,
  ],
  ['without an earlier checkpoint', archiveOf(planOf({ start: undefined })), 0],
  ['whose earlier checkpoint is where the range begins', archiveOf(planOf({ start: 5 })), 0],
  ['whose earlier checkpoint is a complete tree', archiveOf(planOf({ start: 4 })), 0],
  ['whose earlier checkpoint has no leaves', archiveOf(planOf({ start: 0 })), 0],
  ['filtered by tenant', archiveOf({ ...queryOf({ tenant: 'ten_a' }) }), 0],
  ['filtered by kind', archiveOf({ ...queryOf({ kind: 'image.denied' }), withheld: [] }), 0],
  ['by subject', archiveOf({ ...queryOf({ subject: 'img_2' }), withheld: [] }), 0],
  ['whose filter matches nothing', archiveOf({ ...queryOf({ kind: 'image.lost' }), withheld: [] }), 3],
  ['of an empty log', archiveOf(emptyLog), 3],
]
test('right archives of every sort hold', async (t) => {
  for (const [name, bytes, code] of right) {
    await t.test(`an archive ${name}`, async () => {
      const run = await verify(bytes)
      assert.deepEqual([run.code, run.lines], [code, []], run.stdout)
    })
  }
})

test('ranges of every place in trees of every size up to 20 lead to their roots, and so do earlier checkpoints', () => {
  const moves = someMoves(20).map((move) => ({ ...move, restricted: false }))
  for (let size = 1; size <= 20; size += 1) {
    const log = logOf(moves.slice(0, size))
    for (let first = 0; first < size; first += 1) {
      const end = first + 1 + ((first * 7 + size) % (size - first))
      const query = {
        ...PLAN.query,
        from: timeOf(first === 0 ? 0 : first + 1),
        to: timeOf(end === size ? 99 : end - 1),
      }
      const path = fileOf(archiveOf(planOf({ log, first, end, query, withheld: [], start: first, madeAt: timeOf(99) })))
      assert.deepEqual(verifyExport(path).failures, [], `${first}, ${end}, ${size}`)
    }
  }
})
