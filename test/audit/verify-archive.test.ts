// Our own verifier, on archives that were made from the specification alone and on those that the service makes: it says of each what the
// one file says that shares no code with it, and names what is wrong.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { LIMITS } from '../../src/audit/export-format.ts'
import { parseVerifierKey } from '../../src/audit/note.ts'
import { verifyExport } from '../../src/audit/verify.mjs'
import { type VerifyOptions, verifyArchive } from '../../src/audit/verify-archive.ts'
import { archiveOf, PLAN, type Plan, rootAt, SIGNER } from './archives/archive.ts'
import { checkpointOf, signerOf } from './archives/notes.ts'
import { STRANGER, wrongFiles } from './archives/wrong-files.ts'
import { wrongRows } from './archives/wrong-rows.ts'
import { wrongTars } from './archives/wrong-tars.ts'
import { chunksOf } from './export-house.ts'

const folder = mkdtempSync(join(tmpdir(), 'darkroom-verify-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const verify = (bytes: Buffer, options: Partial<VerifyOptions> = {}) =>
  verifyArchive(chunksOf(bytes, 997), { key: parseVerifierKey(SIGNER.text), kept: [], ...options })
const ofOther = (bytes: Buffer) => {
  const path = join(folder, 'archive')
  writeFileSync(path, bytes)
  return verifyExport(path, { key: SIGNER.text })
}
const planOf = (changes: Partial<Plan>): Plan => ({ ...PLAN, ...changes })
const queryOf = (changes: Partial<Plan['query']>): Plan => planOf({ query: { ...PLAN.query, ...changes } })

test('right archives of every sort hold, and those that match nothing say so', async (t) => {
  const right: [string, Plan, number][] = [
    ['of a stretch', PLAN, 0],
    ['of the whole log', planOf({ first: 0, end: 52, start: undefined }), 0],
    ['that ends with the log', planOf({ end: 52 }), 0],
    ['with tables beside the rows', planOf({ extra: new Map([['rows.csv', Buffer.from('index\r\n')]]) }), 0],
    ['without an earlier checkpoint', planOf({ start: undefined }), 0],
    ['filtered by tenant', queryOf({ tenant: 'ten_a' }), 0],
    ['filtered by kind', { ...queryOf({ kind: 'image.denied' }), withheld: [] }, 0],
    ['by subject', { ...queryOf({ subject: 'img_2' }), withheld: [] }, 0],
    ['whose filter matches nothing', { ...queryOf({ kind: 'image.lost' }), withheld: [] }, 3],
    ['of an empty log', planOf({ log: [], first: 0, end: 0, start: undefined, withheld: [] }), 3],
  ]
  for (const [name, plan, code] of right)
    await t.test(`an archive ${name}`, async () => {
      const verdict = await verify(archiveOf(plan))
      assert.deepEqual([verdict.failures, verdict.unchecked, verdict.code], [[], [], code])
    })
})

test('what is wrong in one thing is refused as the other verifier refuses it', async (t) => {
  for (const { name, bytes, code = 1 } of [...wrongRows, ...wrongFiles, ...wrongTars])
    await t.test(name, async () => {
      const verdict = await verify(bytes)
      // Beyond what one of them reads, the other may see that it is wrong.
      if (code === 1) assert.equal(verdict.code, code, ofOther(bytes).failures.join())
      assert.ok(verdict.code === 1 || verdict.code === 2)
      assert.equal(verdict.failures.length > 0, verdict.code === 1)
      assert.equal(verdict.unchecked.length > 0, verdict.code === 2)
    })
})

test('a checkpoint that was kept is held against the rows, wherever in the range its tree ends', async () => {
  const bytes = archiveOf(PLAN)
  const kept = (size: number, root = rootAt(PLAN.log, size), signer = SIGNER) => [
    { name: 'kept', note: Buffer.from(checkpointOf(signer, size, root)) },
  ]
  for (const size of [3, 5, 27, 40, 52]) {
    assert.equal((await verify(bytes, { kept: kept(size) })).code, 0, `${size}`)
    const split = await verify(bytes, { kept: kept(size, Buffer.alloc(32)) })
    assert.deepEqual(split.failures, [
      `split view: the log's key signed two roots of the tree of ${size} leaves, that of kept and that of this export`,
    ])
  }
  for (const size of [4, 41]) {
    const { code, unchecked, unheld } = await verify(bytes, { kept: kept(size) })
    assert.deepEqual(
      [code, unchecked, unheld],
      [4, [], [`kept could not be held against the export: its tree of ${size} leaves is outside of the range`]],
    )
  }
  assert.match(
    (await verify(bytes, { kept: kept(27, undefined, STRANGER) })).failures.join(),
    /^kept: no known key signed/,
  )
  const other = signerOf('other.example/log', 'x')
  assert.equal((await verify(bytes, { kept: kept(27, Buffer.alloc(32), other) })).code, 1)
  const astray = {
    proofs: (proofs: { range: string[]; consistency: string[] }) => ({ ...proofs, range: proofs.range.toReversed() }),
  }
  const verdict = await verify(archiveOf(PLAN, astray), { kept: kept(27, Buffer.alloc(32)) })
  assert.deepEqual(verdict.failures, ['the rows and proofs.json do not lead to the root of checkpoint.note'])
  assert.match(verdict.unchecked.join(), /do not lead/, 'nobody is accused by rows that lead nowhere')
})

test('another key than the one that was given is refused, and without one the archive’s own is taken', async () => {
  const bytes = archiveOf(PLAN)
  assert.equal((await verify(bytes, { key: null })).code, 0)
  const { code, failures } = await verify(bytes, { key: parseVerifierKey(STRANGER.text) })
  assert.equal(code, 1)
  assert.match(failures.join(), /which is not the one that was given/)
  assert.equal(
    (await verify(archiveOf(PLAN, { signer: STRANGER }), { key: null })).code,
    1,
    'who signs signs all of it',
  )
})

test('of many failures the first twenty are kept and all are counted', async () => {
  const { failures, failureCount } = await verify(
    archiveOf({ ...PLAN, withheld: [] }, { rows: (rows) => rows.map((row) => ({ ...row, index: 0 })) }),
  )
  assert.equal(failures.length, 20)
  assert.ok(failureCount > 30)
})

test('a line that is longer than the format allows is not read, in whatever pieces the archive comes', async () => {
  const long = `${'x'.repeat(LIMITS.lineBytes + 1)}\n`
  const bytes = archiveOf(PLAN, { lines: (lines) => [long, ...lines.slice(1)] })
  for (const size of [997, bytes.length]) {
    const options = { key: parseVerifierKey(SIGNER.text), kept: [] }
    const { failures, unchecked } = await verifyArchive(chunksOf(bytes, size), options)
    assert.deepEqual(
      [failures, unchecked],
      [[], ['rows.jsonl, line 1: no more than 1048576 bytes of a line are read']],
      `pieces of ${size} bytes`,
    )
  }
})

test('a range or a start that the format does not know is refused, though everything leads to the root', async () => {
  const sized = (size: number) => archiveOf(PLAN, { manifest: ({ range }) => ({ range: { ...range, size } }) })
  for (const size of [51, 53]) {
    const { code, failures } = await verify(sized(size))
    assert.deepEqual([code, failures], [1, [`checkpoint.note is of 52 leaves; manifest.json says ${size}`]])
    assert.equal(ofOther(sized(size)).code, 1)
  }
  assert.match((await verify(archiveOf(planOf({ start: 0 })))).failures.join(), /^start\.note is of no leaves/)
  const empty = { ...PLAN, first: 5, end: 5, withheld: [] }
  assert.match((await verify(archiveOf(empty))).failures.join('; '), /a tree of 52 leaves has no range \[5, 5\)/)
})
