// verify.mjs against archives that were made from the specification: what is right holds, and one wrong thing is said in one line.
// The last part changes a right archive at random places in three hundred ways, each of which must be found.

import assert from 'node:assert/strict'
import { truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { verifyExport } from '../../src/audit/verify.mjs'
import { archiveFiles, archiveOf, PLAN, type Plan, type Row, rootAt, SIGNER } from './archives/archive.ts'
import { command, fileOf, folder, linesOf, type Run, shorten } from './archives/checker.ts'
import { logOf, someMoves, timeOf } from './archives/moves.ts'
import { damage, randomOf } from './archives/mutations.ts'
import { checkpointOf } from './archives/notes.ts'
import { headerOf, tarOf } from './archives/tar.ts'
import { STRANGER, wrongFiles } from './archives/wrong-files.ts'
import { wrongRows } from './archives/wrong-rows.ts'
import { wrongTars } from './archives/wrong-tars.ts'

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

/** More than is read at once. */
const longMoves = someMoves(52).map((move) => ({ ...move, facts: { text: '[é"'.repeat(15_000) } }))
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
  ['filtered by tenant', archiveOf({ ...queryOf({ tenant: 'ten_a' }) }), 0],
  ['filtered by kind', archiveOf({ ...queryOf({ kind: 'image.denied' }), withheld: [] }), 0],
  ['by subject', archiveOf({ ...queryOf({ subject: 'img_2' }), withheld: [] }), 0],
  ['whose filter matches nothing', archiveOf({ ...queryOf({ kind: 'image.lost' }), withheld: [] }), 3],
  [
    'whose texts look like deep nesting',
    archiveOf(PLAN, { manifest: () => ({ software: '[\\"]{:'.repeat(20_000) }) }),
    0,
  ],
  ['of long rows', archiveOf(planOf({ log: logOf(longMoves) })), 0],
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
      const path = fileOf(
        archiveOf(planOf({ log, first, end, query, withheld: [], start: first || undefined, madeAt: timeOf(99) })),
      )
      assert.deepEqual(verifyExport(path).failures, [], `${first}, ${end}, ${size}`)
    }
  }
})

// In this process: what the command prints of them is shown above and below.
test('one wrong thing is said in its own lines, and in no other', async (t) => {
  for (const { name, bytes, lines, code = 1 } of [...wrongRows, ...wrongFiles, ...wrongTars]) {
    await t.test(name, () => {
      const report = verifyExport(fileOf(bytes), { key: SIGNER.text })
      assert.deepEqual(linesOf(report), lines)
      assert.equal(report.code, code)
    })
  }
})

test('of an export that does not hold, what is wrong stands first, and nothing that it claims is told as if it held', async () => {
  const item = { name: 'images', what: 'published', expected: 7, found: 7, difference: 0 }
  const manifest = () => ({ reconciliation: [item], made_at: '2026-01-31T12:00:00.000Z' })
  const { code, stdout } = await verify(archiveOf(PLAN, { manifest }))
  assert.equal(code, 1)
  const [headline, first] = stdout.split('\n')
  assert.match(headline ?? '', /^NOT VERIFIED: /)
  assert.match(first ?? '', /^wrong: manifest\.json: made_at /)
  assert.match(stdout, /^What it claims to be:\nlog {13}darkroom\.example/m)
  assert.doesNotMatch(stdout, /proven|reconciliation|opened/)
})

test('the key that is trusted is the one that was given, and it is said where none was', async () => {
  const path = fileOf(archiveOf(PLAN))
  const none = await command(path)
  assert.equal(none.code, 0)
  assert.match(
    none.stdout,
    /^VERIFIED: everything holds\.\nThat is by the key that the export itself names: give --key /,
  )
  assert.match(none.stdout, /taken from the export itself: this shows only that one key has signed all of it/)
  const inFile = await command(path, '--key', fileOf(`${SIGNER.text}\n`))
  assert.equal(inFile.code, 0)
  assert.match(shorten(inFile.stdout), /given by FILE\n/)
  const foreign = await command(path, '--key', STRANGER.text)
  assert.equal(foreign.code, 1)
  assert.equal(
    foreign.lines[0]?.replaceAll(STRANGER.text, 'STRANGER').replaceAll(SIGNER.text, 'SIGNER'),
    'wrong: manifest.json: log.key is "SIGNER", and the key that was given is "STRANGER"',
  )
  const broken = SIGNER.text.replace(/\+\w{8}\+/, '+00000000+')
  for (const key of [broken, join(folder, 'none')]) {
    assert.deepEqual((await command(path, '--key', key)).code, 2)
  }
  const noKey: [string, RegExp][] = [
    [broken, /^not checked: --key: this is no verifier key: the id "00000000" does not fit its name and public key/],
    [SIGNER.text.slice(0, -4), /^not checked: --key: this is no verifier key, which is <origin>\+/],
  ]
  for (const [key, said] of noKey) assert.match((await command(path, '--key', key)).lines[0] ?? '', said)
  assert.deepEqual((await command(path, '--key', fileOf(broken))).lines, ['not checked: FILE: is not a verifier key'])
})

test('what differs between records and log is told, and a machine is told everything', async () => {
  const item = { name: 'images', what: 'published', expected: 9, found: 7, difference: -2 }
  const path = fileOf(archiveOf(PLAN, { manifest: () => ({ reconciliation: [item] }) }))
  const told = await command(path)
  assert.equal(told.code, 0)
  assert.match(told.stdout, /^reconciliation {2}DIFFERS: images: published: expected 9, found 7, difference -2$/m)
  const kept = fileOf(checkpointOf(SIGNER, 27, rootAt(PLAN.log, 27)))
  const machine = await command(path, '--json', '--key', SIGNER.text, '--checkpoint', kept)
  const report = JSON.parse(machine.stdout)
  assert.deepEqual([report.verdict, report.exit, report.failures], ['holds', 0, []])
  assert.deepEqual(report.key, { value: SIGNER.text, from: 'the command line' })
  assert.deepEqual(
    [report.export.withheld_rows, report.export.range.end, report.checkpoints[0].verdict],
    [1, 40, 'same root'],
  )
  const lost = JSON.parse((await command(join(folder, 'none'), '--json')).stdout)
  assert.deepEqual([lost.verdict, lost.exit, lost.export], ['unchecked', 2, null])
})

test('what is not an archive, or not a command, is one line', async () => {
  assert.deepEqual((await command(folder)).lines, ['not checked: : it is a directory'])
  assert.deepEqual((await command(join(folder, 'none'))).lines, ['not checked: /none: there is no such file'])
  for (const args of [[], ['a', 'b'], ['a', '--fast'], ['a', '--key'], ['a', '--key', 'x', '--key', 'y']]) {
    const run = await command(...args)
    assert.equal(run.code, 2)
    assert.match(run.stderr, /^[^\n]+\nusage: [^\n]+\n$/)
  }
})

test('who asks for help gets it, and that is no failure', async () => {
  for (const args of [['--help'], ['-h'], ['a.tar', '--help']]) {
    const run = await command(...args)
    assert.deepEqual([run.code, run.stderr], [0, ''])
    assert.match(run.stdout, /^usage: [\s\S]*Exit status: 0 everything holds[\s\S]*4 everything in the export holds/)
  }
})

test('of many failures twenty are said, and how many more there are', async () => {
  const shifted = { rows: (rows: Row[]) => rows.map((row) => ({ ...row, index: 2 * row.index, opened: null })) }
  const run = await verify(archiveOf({ ...PLAN, withheld: [] }, shifted))
  assert.equal(run.lines.length, 21)
  assert.match(run.lines[20] ?? '', /^wrong: and \d+ more$/)
})

test('facts may have the keys of prototypes, and are still only facts', () => {
  const moves = someMoves(52).map((move) => ({
    ...move,
    facts: JSON.parse('{"__proto__":{"a":1},"constructor":null}'),
  }))
  assert.deepEqual(verifyExport(fileOf(archiveOf(planOf({ log: logOf(moves) })))).failures, [])
})

test('a line without an end is given up early, and memory stays small', async () => {
  const path = fileOf('')
  const files = [...archiveFiles(PLAN)].filter(([name]) => name !== 'rows.jsonl')
  const head = Buffer.concat([tarOf(new Map(files)).subarray(0, -1024), headerOf('rows.jsonl', 2 ** 30)])
  writeFileSync(path, head)
  truncateSync(path, head.length + 2 ** 30)
  assert.deepEqual((await command(path)).lines, [
    'not checked: rows.jsonl line 1: is longer than the 1048576 bytes that this checker reads',
  ])
})

test('three hundred random damages of a right archive are found, each of them', () => {
  const files = archiveFiles(PLAN)
  const whole = tarOf(files)
  const random = randomOf(20_260_131)
  const path = join(folder, 'damaged')
  for (let i = 0; i < 300; ) {
    const { name, bytes } = damage(files, random)
    if (bytes.equals(whole)) continue
    writeFileSync(path, bytes)
    const { code, failures, unchecked } = verifyExport(path, { key: SIGNER.text })
    assert(code === 1 || code === 2, `damage ${i}, ${name}: exit ${code}`)
    assert(
      [...failures, ...unchecked].every((line) => !line.includes('this checker failed')),
      `${name}: ${unchecked}`,
    )
    i += 1
  }
})

test('whoever holds the log’s key and signs an export anew cannot change a bit of its rows', () => {
  const random = randomOf(7)
  const path = join(folder, 'signed-anew')
  for (let i = 0; i < 60; i += 1) {
    const flip = (lines: string[]): string[] => {
      const bytes = Buffer.from(lines.join(''))
      const at = random(bytes.length)
      bytes[at] = (bytes[at] ?? 0) ^ (1 << random(8))
      return [bytes.toString('latin1')]
    }
    writeFileSync(path, archiveOf(PLAN, { lines: flip, encoding: 'latin1' }))
    const { code, failures } = verifyExport(path, { key: SIGNER.text })
    assert.equal(code, 1, `flip ${i}`)
    assert(!failures.some((line) => line.includes('SHA-256')))
  }
})
