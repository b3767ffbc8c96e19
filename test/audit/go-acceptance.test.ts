// What we write, a stranger's program reads: Go's checksum database and transparency-dev's libraries accept our tiles, checkpoints and
// proofs of trees of many sizes, and refuse each that was tampered with.
import assert from 'node:assert/strict'
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { formatCheckpoint } from '../../src/audit/checkpoint.ts'
import { formatLogProof } from '../../src/audit/log-proof.ts'
import { consistencyProof, inclusionProof, rangeProof } from '../../src/audit/merkle.ts'
import { printVerifierKey, signNote } from '../../src/audit/note.ts'
import { suiteOn } from '../support/services.ts'
import { type Entries, logcheck, type Report, someEntries, writeLog } from './logcheck.ts'
import { noteSigner, witnessSigner } from './note-signers.ts'
import { at, flipped, tamperedProofs } from './trees.ts'

const SIZES = [1, 2, 3, 255, 256, 257, 1_000, 70_000]
const ORIGIN = 'log.example/one'
const log = noteSigner(ORIGIN)
const witness = witnessSigner('witness.example/w', 1_679_315_147)

type Claims = Record<'inclusion' | 'consistency' | 'ranges' | 'logProofs', Record<string, object>>
const none = (): Claims => ({ inclusion: {}, consistency: {}, ranges: {}, logProofs: {} })

const base64 = (hashes: readonly Buffer[]): string[] => hashes.map((hash) => hash.toString('base64'))

const checkpointOf = (size: number, root: Buffer): Promise<string> =>
  signNote(formatCheckpoint({ origin: ORIGIN, size, root }), [log.signer, witness.signer])

/** Numbers below `size`: all of a small tree, else those at its edges and those of its tiles. */
const placesIn = (size: number): number[] =>
  [
    ...new Set([
      0,
      1,
      2,
      3,
      127,
      128,
      254,
      255,
      256,
      257,
      511,
      512,
      65_535,
      65_536,
      Math.floor(size / 3),
      size - 2,
      size - 1,
    ]),
  ].filter((place) => place >= 0 && place < size)

/** Our proofs about a tree, right ones alone. */
const claimsOf = async ({ tree, entries }: Entries, size: number): Promise<Claims> => {
  const claims = none()
  const root = tree.root(size).toString('base64')
  const checkpoint = await checkpointOf(size, tree.root(size))
  const places = placesIn(size)
  for (const index of places) {
    const leaf = at(tree.leaves, index).toString('base64')
    const hashes = await inclusionProof(index, size, tree.read)
    claims.inclusion[`leaf ${index}`] = { index, size, leaf, root, proof: base64(hashes) }
    const extra = index % 2 === 0 ? at(entries, index) : null
    claims.logProofs[`file ${index}`] = { leaf, text: formatLogProof({ index, hashes, checkpoint, extra }) }
    const from = index + 1
    const fromRoot = tree.root(from).toString('base64')
    const grown = base64(await consistencyProof(from, size, tree.read))
    claims.consistency[`from ${from}`] = { from, to: size, fromRoot, toRoot: root, proof: grown }
    for (const end of places.map((place) => place + 1).filter((place) => place > index && place - index < 2_000)) {
      const proof = base64(await rangeProof(index, end, size, tree.read))
      const leaves = base64(tree.leaves.slice(index, end))
      claims.ranges[`leaves ${index} to ${end}`] = { first: index, size, leaves, root, proof }
    }
  }
  return claims
}

const writeSigned = async (folder: string, checkpoint: string, claims: Claims): Promise<void> => {
  await writeFile(join(folder, 'checkpoint'), checkpoint)
  await writeFile(join(folder, 'key'), `${printVerifierKey(log.key)}\n`)
  await writeFile(join(folder, 'witness'), `${printVerifierKey(witness.key)}\n`)
  await writeFile(join(folder, 'proofs.json'), JSON.stringify(claims))
}

const filesIn = async (folder: string): Promise<string[]> =>
  (await readdir(join(folder, 'tile'), { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))

const accepts = (report: Report, proofs: number): void => {
  assert.deepEqual([report.checkpoint, report.cosignature, report.tiles], ['', '', ''])
  assert.deepEqual(
    Object.entries(report.proofs).filter(([, reason]) => reason !== ''),
    [],
  )
  assert.equal(Object.keys(report.proofs).length, proofs)
}

const count = (claims: Claims): number => Object.values(claims).reduce((sum, some) => sum + Object.keys(some).length, 0)

suiteOn('a program of others', await logcheck(), (program) => {
  const made = mkdtemp(join(tmpdir(), 'darkroom-log-'))
  after(async () => rm(await made, { recursive: true, force: true }))
  const all = someEntries(70_000)
  const folderOf = async (name: string): Promise<string> => mkdtemp(join(await made, `${name}-`))

  for (const size of SIZES)
    test(`accepts a log of ${size} entries, which has the files that its tree needs and no more`, async () => {
      const folder = await folderOf(`${size}`)
      const claims = await claimsOf(all, size)
      await writeLog(folder, all, 0, size)
      await writeSigned(folder, await checkpointOf(size, all.tree.root(size)), claims)
      const [report] = await program.run(folder)
      assert.ok(report)
      accepts(report, count(claims))
      assert.equal((await filesIn(folder)).length, report.needed)
    })

  test('accepts a log at each step of its growth, each step written over the one before', async () => {
    const folder = await folderOf('grown')
    let from = 0
    for (const size of [1, 200, 255, 256, 300, 512, 1_000]) {
      await writeLog(folder, all, from, size)
      await writeSigned(folder, await checkpointOf(size, all.tree.root(size)), none())
      const [report] = await program.run(folder)
      assert.ok(report)
      accepts(report, 0)
      from = size
    }
  })

  test('refuses tiles, entries and checkpoints that were tampered with', async () => {
    const size = 257
    const whole = await folderOf('whole')
    const checkpoint = await checkpointOf(size, all.tree.root(size))
    await writeLog(whole, all, 0, size)
    await writeSigned(whole, checkpoint, none())
    const changed = async (name: string, change: (bytes: Buffer) => Buffer | string | null): Promise<string> => {
      const folder = await folderOf('tampered')
      await cp(whole, folder, { recursive: true })
      const bytes = change(await readFile(join(folder, name)))
      await (bytes === null ? rm(join(folder, name)) : writeFile(join(folder, name), bytes))
      return folder
    }
    const files = (await filesIn(whole)).map((file) => file.slice(whole.length + 1))
    assert.equal(files.length, 5)
    for (const file of files) {
      const ways = [
        flipped,
        (bytes: Buffer) => bytes.subarray(1),
        (bytes: Buffer) => Buffer.concat([bytes, bytes.subarray(0, 1)]),
        () => null,
      ]
      const folders = await Promise.all(ways.map((way) => changed(file, (bytes) => way(bytes, 8 * (bytes.length - 1)))))
      for (const report of await program.run(...folders)) {
        assert.equal(report.checkpoint, '')
        assert.notEqual(report.tiles, '', file)
      }
    }
    const note = (from: string, to: string) => (bytes: Buffer) => bytes.toString().replace(from, to)
    const signatures = [note('257', '258'), note(ORIGIN, 'log.example/two'), (bytes: Buffer) => flipped(bytes, 8 * 40)]
    for (const report of await program.run(
      ...(await Promise.all(signatures.map((change) => changed('checkpoint', change)))),
    ))
      assert.match(report.checkpoint, /invalid signature|failed to verify|malformed/)
    // Signed by the log, but not of these tiles.
    for (const [other, root] of [
      [257, all.tree.root(258)],
      [256, all.tree.root(257)],
      [300, all.tree.root(300)],
    ] as const) {
      const signed = await checkpointOf(other, root)
      const [report] = await program.run(await changed('checkpoint', () => signed))
      assert.equal(report?.checkpoint, '')
      assert.notEqual(report?.tiles, '', `${other} leaves`)
    }
    const alone = await signNote(formatCheckpoint({ origin: ORIGIN, size, root: all.tree.root(size) }), [log.signer])
    const [report] = await program.run(await changed('checkpoint', () => alone))
    assert.notEqual(report?.cosignature, '')
  })

  test('refuses each proof that was tampered with', async () => {
    const [size, index, from, end] = [1_000, 611, 612, 640]
    const { tree } = all
    const [root, leaf] = [tree.root(size), at(tree.leaves, index)]
    const claims = none()
    const fields = { size, leaf: leaf.toString('base64'), root: root.toString('base64') }
    const included = await inclusionProof(index, size, tree.read)
    // A hash that is cut is none that can be written.
    const whole = (proof: readonly Buffer[]): boolean => proof.every((hash) => hash.length === 32)
    const tampered = (proof: readonly Buffer[]) => tamperedProofs(proof, 9).filter(([, changed]) => whole(changed))
    const checkpoint = await checkpointOf(size, root)
    for (const [what, proof] of tampered(included)) {
      claims.inclusion[`inclusion: ${what}`] = { ...fields, index, proof: base64(proof) }
      claims.logProofs[`file: ${what}`] = {
        leaf: fields.leaf,
        text: formatLogProof({ index, hashes: proof, checkpoint, extra: null }),
      }
    }
    const other = at(tree.leaves, index + 1).toString('base64')
    claims.inclusion['another leaf'] = { ...fields, index, leaf: other, proof: base64(included) }
    claims.inclusion['another place'] = { ...fields, index: index - 1, proof: base64(included) }
    claims.inclusion['another root'] = {
      ...fields,
      index,
      root: flipped(root, 5).toString('base64'),
      proof: base64(included),
    }
    const grown = await consistencyProof(from, size, tree.read)
    const trees = { from, to: size, fromRoot: tree.root(from).toString('base64'), toRoot: fields.root }
    for (const [what, proof] of tampered(grown))
      claims.consistency[`consistency: ${what}`] = { ...trees, proof: base64(proof) }
    claims.consistency['another beginning'] = { ...trees, from: from - 1, proof: base64(grown) }
    claims.consistency['another first root'] = {
      ...trees,
      fromRoot: flipped(tree.root(from), 5).toString('base64'),
      proof: base64(grown),
    }
    const range = await rangeProof(index, end, size, tree.read)
    const leaves = base64(tree.leaves.slice(index, end))
    const place = { first: index, size, leaves, root: fields.root }
    for (const [what, proof] of tampered(range)) claims.ranges[`range: ${what}`] = { ...place, proof: base64(proof) }
    claims.ranges['a leaf dropped'] = { ...place, leaves: leaves.toSpliced(7, 1), proof: base64(range) }
    claims.ranges['a leaf doubled'] = { ...place, leaves: leaves.toSpliced(7, 0, at(leaves, 7)), proof: base64(range) }
    claims.ranges['leaves swapped'] = {
      ...place,
      leaves: leaves.toSpliced(7, 2, at(leaves, 8), at(leaves, 7)),
      proof: base64(range),
    }
    claims.ranges['another first place'] = { ...place, first: index - 1, proof: base64(range) }
    const text = formatLogProof({ index, hashes: included, checkpoint, extra: null })
    claims.logProofs['file of another checkpoint'] = { leaf: fields.leaf, text: text.replace(`\n${size}\n`, '\n999\n') }
    claims.logProofs['file of another leaf'] = { leaf: other, text }

    const folder = await folderOf('proofs')
    await writeLog(folder, all, 0, size)
    await writeSigned(folder, checkpoint, claims)
    const [report] = await program.run(folder)
    assert.ok(report)
    assert.deepEqual(
      Object.entries(report.proofs).filter(([, reason]) => reason === ''),
      [],
    )
    assert.equal(Object.keys(report.proofs).length, count(claims))
    assert.ok(count(claims) > 100)
  })
})
