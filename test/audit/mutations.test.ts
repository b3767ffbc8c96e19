// A thousand random changes of two exports that the service made, from a seed: 400 damages of bytes, lines and files, 520 lies about rows,
// proofs and counts that are mended as far as the liar can (130 each by nobody, by a stranger, by a stranger who signs everything, and by
// the operator with the log's own key), and 80 that the signature alone is against. Both verifiers refuse each of them.
import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { readArchive, readWhole } from '../../src/audit/archive-reader.ts'
import { printVerifierKey } from '../../src/audit/note.ts'
import { verifyExport } from '../../src/audit/verify.mjs'
import { damage, randomOf } from './archives/mutations.ts'
import { tarOf } from './archives/tar.ts'
import { chunksOf, LOG_KEY, openExportHouse, verify } from './export-house.ts'
import { type Files, forge, LIARS, LIES, type Liar, NO_LIE, SIGNED_LIES } from './forgeries.ts'
import { recordMoves } from './many-moves.ts'

const KEY_TEXT = printVerifierKey(LOG_KEY)
const DAMAGES = 400
const LIES_EACH = 5
const SIGNED_LIES_EACH = 10

let folder: string
let bases: Files[]

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'darkroom-mutations-'))
  await using house = await openExportHouse()
  const [tenant, other] = house.log.world.tenants
  const record = (count: number) => recordMoves(house.log.database, [tenant.id, other.id], count, { old: 5 })
  for (const count of [7, 11, 25, 13]) {
    await record(count)
    await house.log.run()
    await house.pass('1 hour')
  }
  const now = (await house.now()).getTime()
  const from = new Date(now - 2.5 * 3_600_000)
  const to = new Date(now - 1.5 * 3_600_000)
  bases = []
  for (const asked of [
    { from, to, csv: true, parquet: true },
    { from, to, tenant: tenant.id, csv: false, parquet: false },
  ])
    bases.push(await filesOf(await house.exported(asked)))
})
after(() => rm(folder, { recursive: true, force: true }))

async function filesOf(archive: Buffer): Promise<Files> {
  const files: Files = new Map()
  for await (const file of readArchive(chunksOf(archive))) files.set(file.name, await readWhole(file, 1e9))
  return files
}

/** What both verifiers say, as exit statuses. */
async function judge(bytes: Buffer) {
  const path = join(folder, 'archive.tar')
  await writeFile(path, bytes)
  const [ours, other] = [await verify(bytes), verifyExport(path, { key: KEY_TEXT })]
  assert.ok([...other.failures, ...other.unchecked].every((line) => !line.includes('this checker failed')))
  return {
    codes: [ours.code, other.code],
    said: [...ours.failures, ...ours.unchecked, ...other.failures, ...other.unchecked],
  }
}

async function assertRefused(bytes: Buffer, name: string): Promise<void> {
  const { codes, said } = await judge(bytes)
  for (const code of codes) assert.ok(code === 1 || code === 2, `${name}: ${codes}`)
  assert.ok(said.length >= 2, name)
}

test('what nobody changed holds, also when it is mended and signed again by the log’s key', async () => {
  for (const files of bases) {
    assert.deepEqual((await judge(tarOf(files))).codes, [0, 0])
    const mended = tarOf(await forge(files, NO_LIE, 'operator', randomOf(1)))
    assert.deepEqual((await judge(mended)).codes, [0, 0])
    assert.ok(mended.equals(tarOf(files)), 'Ed25519 signs the same the same')
  }
})

test('bytes, lines and files are not changed unseen', async () => {
  const random = randomOf(20_261_129)
  for (let done = 0; done < DAMAGES; ) {
    const files = bases[done % 2] ?? assert.fail()
    const { name, bytes } = done % 8 === 7 ? rearranged(files, random) : damage(files, random)
    if (bytes.equals(tarOf(files))) continue
    await assertRefused(bytes, `${done}, ${name}`)
    done += 1
  }
})

/** Files exchanged, left out, put in another order, or cut off. */
function rearranged(files: Files, random: (below: number) => number) {
  const entries = [...files]
  const [one, other] = [random(entries.length), random(entries.length)]
  const [a, b] = [entries[one], entries[other]]
  if (a === undefined || b === undefined) throw new Error('no file')
  switch (random(4)) {
    case 0:
      return {
        name: `contents of ${a[0]} and ${b[0]} exchanged`,
        bytes: tarOf(new Map(files).set(a[0], b[1]).set(b[0], a[1])),
      }
    case 1:
      return { name: `${a[0]} left out`, bytes: tarOf(new Map(entries.toSpliced(one, 1))) }
    case 2:
      return {
        name: `${a[0]} where ${b[0]} was`,
        bytes: tarOf(new Map(entries.toSpliced(one, 1).toSpliced(other, 0, a))),
      }
    default: {
      const whole = tarOf(files)
      return { name: 'cut off', bytes: whole.subarray(0, random(whole.length)) }
    }
  }
}

test('rows, proofs and counts are not lied about by anybody, the log’s operator included', async () => {
  const random = randomOf(4711)
  let tried = 0
  for (const [name, lie] of Object.entries(LIES))
    for (let i = 0; i < LIES_EACH; i++)
      for (const liar of LIARS) {
        // The tenant's export has rows that are closed.
        const files = bases[name === 'an_opening_invented' ? 1 : i % 2] ?? assert.fail()
        await assertRefused(tarOf(await forge(files, lie, liar, random)), `${name} by ${liar}`)
        tried += 1
      }
  assert.equal(tried, 520)
})

test('what the log’s key signed is not said otherwise by anybody else', async () => {
  const random = randomOf(815)
  const others: Liar[] = ['nobody', 'stranger']
  let tried = 0
  for (const [name, lie] of Object.entries(SIGNED_LIES))
    for (let i = 0; i < SIGNED_LIES_EACH; i++)
      for (const liar of others) {
        const files = bases[i % 2] ?? assert.fail()
        await assertRefused(tarOf(await forge(files, lie, liar, random)), `${name} by ${liar}`)
        tried += 1
      }
  assert.equal(tried, 80)
})
