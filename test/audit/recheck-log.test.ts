// The log held to a released picture: what agrees, what waits, and each way in which records, store and signature may come apart from
// what was signed. Pictures are moved as the stages move them; the sequencer is the real one, its store in memory.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { sql as raw } from 'kysely'
import { advance } from '../../src/advance.ts'
import type { TransparencyLog } from '../../src/audit/log.ts'
import { logKeyOf } from '../../src/audit/log-keys.ts'
import { openLogCheck } from '../../src/audit/recheck-log.ts'
import { entriesPath, tilePath } from '../../src/audit/tiles.ts'
import { leafHash, sha256 } from '../../src/kernel/canonical.ts'
import { Fault, isFault } from '../../src/kernel/fault.ts'
import { leafOf } from '../../src/kernel/leaf.ts'
import { queueRequest } from '../support/world.ts'
import { type LogHouse, openLogHouse, rewriteMoves } from './log-house.ts'

type Picture = { id: string; digest: string; marked: number; published: number }

let house: LogHouse
/** Its leaves lie in the first bundle, which is full; those of `late` at the tree's right edge, and `parted` has one in each. */
let picture: Picture
let parted: Picture
let late: Picture
before(async () => {
  house = await openLogHouse()
  await house.say(40)
  picture = await place(await release())
  parted = await place(await release({}, house, () => house.say(300)))
  late = await place(await release())
  assert.ok(picture.published < 256 && parted.marked < 256 && parted.published >= 256 && late.marked >= 256)
})
after(() => house[Symbol.asyncDispose]())

const check = (on: Partial<TransparencyLog> = {}) => openLogCheck({ ...house.tools, ...on }, house.database.sql)
const find = ({ id, digest }: Pick<Picture, 'id' | 'digest'>, on: Partial<TransparencyLog> = {}) =>
  check(on)(id, digest)

type Said = { marked: string; published: string }

/** A picture whose moves name these files, of both the same unless said; `between` them something else is moved. */
async function release(said: Partial<Said> = {}, { world, database } = house, between = async () => {}) {
  const [tenant] = world.tenants
  const { imageIds } = await queueRequest(world, tenant)
  const [id = ''] = imageIds
  const digest = sha256(id)
  const { marked = digest, published = digest } = said
  const move = { subject: 'image', id, tenantId: tenant.id } as const
  await database.transact(async (tx) => {
    await raw`UPDATE darkroom.image SET state = 'cleared', verdict = '{}' WHERE id = ${id}`.execute(tx)
    const record = { digests: { file: marked } }
    const set = { marked: JSON.stringify(record), manifest_id: id }
    await advance(tx, { ...move, from: 'cleared', version: 0, to: 'marked', facts: { record, manifest: id }, set })
  })
  await between()
  await database.transact((tx) => publish(tx, id, tenant.id, 1, published))
  return { id, digest }
}

async function publish(tx: Parameters<typeof advance>[0], id: string, tenantId: string, version: number, file: string) {
  const key = `${id}.png`
  const set = { object_key: key, published_at: new Date() }
  const move = { subject: 'image', id, tenantId, from: 'marked', version, to: 'published' } as const
  await advance(tx, { ...move, facts: { file, key }, set })
}

/** Signed, and where its leaves are. */
async function place({ id, digest }: { id: string; digest: string }): Promise<Picture> {
  await house.run()
  const [marked, published] = await movesOf(id)
  return { id, digest, marked: Number(marked?.log_index), published: Number(published?.log_index) }
}

function movesOf(id: string) {
  return house.database.sql
    .selectFrom('darkroom.move')
    .selectAll()
    .where('subject_id', '=', id)
    .where('kind', 'in', ['image.marked', 'image.published'])
    .orderBy('id')
    .execute()
}

const newestSize = async () => {
  const { tree_size } = await house.database.sql
    .selectFrom('darkroom.log')
    .select('tree_size')
    .executeTakeFirstOrThrow()
  return Number(tree_size)
}

/** What is found while the store has nothing under the key, or what `change` makes of it. */
async function withObject(key: string, change: ((bytes: Buffer) => Buffer) | null, of: Picture) {
  const object = house.objects.get(key)
  assert.ok(object, key)
  if (change === null) house.objects.delete(key)
  else house.objects.set(key, { ...object, bytes: change(Buffer.from(object.bytes)) })
  try {
    return await find(of)
  } finally {
    house.objects.set(key, object)
  }
}

const flip = (at: number) => (bytes: Buffer) => {
  bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at)
  return bytes
}

/** Changes a row of the log; undone by what it answers. */
async function forge(index: number, facts: object, rehash: boolean): Promise<() => Promise<void>> {
  const row = await house.database.sql
    .selectFrom('darkroom.move')
    .selectAll()
    .where('log_index', '=', String(index))
    .executeTakeFirstOrThrow()
  const write = (said: string, hash: string) =>
    rewriteMoves(
      house.database,
      raw`UPDATE darkroom.move SET facts = ${said}::jsonb, leaf_hash = ${hash} WHERE id = ${row.id}`,
    )
  const forged = JSON.stringify(facts)
  await write(forged, rehash ? leafHash(leafOf({ ...row, facts: JSON.parse(forged) })) : row.leaf_hash)
  return () => write(JSON.stringify(row.facts), row.leaf_hash)
}

test('a picture whose moves name its file and lie in the signed tree agrees, in a full bundle and at the tree’s edge', async () => {
  for (const one of [picture, parted, late]) assert.equal(await find(one), 'agrees')
})

test('a file of another digest than the moves name is found, whichever of them names it', async () => {
  const other = sha256('another')
  assert.deepEqual(await check()(picture.id, other), ['log.digest'])
  for (const said of [{ marked: other }, { published: other }])
    assert.deepEqual(await find(await place(await release(said))), ['log.digest'])
})

test('a picture that nothing marked or published is in no log', async () => {
  assert.deepEqual(await check()('img_unknown', picture.digest), ['log.missing'])
})

test('one that came back from withdrawal is in the log as it was marked before', async () => {
  const returned = await place(await release())
  const [tenant] = house.world.tenants
  await house.database.transact(async (tx) => {
    await raw`UPDATE darkroom.image SET state = 'withdrawn' WHERE id = ${returned.id}`.execute(tx)
    const move = { subject: 'image', id: returned.id, tenantId: tenant.id, version: 2 } as const
    await advance(tx, { ...move, from: 'withdrawn', to: 'marked', facts: { decided_by: 'person' }, appealId: 'apl_1' })
    await publish(tx, returned.id, tenant.id, 3, returned.digest)
  })
  assert.equal(await find(returned), 'waits')
  await house.run()
  assert.equal(await find(returned), 'agrees')
})

test('a bundle of entries that was changed, cut or lost is told from the tree, which still has the move', async () => {
  const size = await newestSize()
  const full = entriesPath(0, 256)
  const edge = entriesPath(1, size - 256)
  const bytes = house.objects.get(full)?.bytes ?? Buffer.alloc(0)
  const at = bytes.indexOf(Buffer.from('"kind":"image.published"'))
  assert.ok(at > 0)
  assert.deepEqual(await withObject(full, flip(at + 10), picture), ['log.entry'])
  assert.deepEqual(await withObject(full, flip(5), picture), 'agrees', 'another’s entry is not looked into')
  assert.deepEqual(await withObject(full, (whole) => whole.subarray(0, -1), picture), ['log.entry'])
  assert.deepEqual(await withObject(full, null, picture), ['log.entry'])
  assert.deepEqual(await withObject(edge, null, late), ['log.entry'])
})

test('a tile that was changed at the leaf, beside it or above it, cut or lost is found', async () => {
  const size = await newestSize()
  const leaves = tilePath(0, 0, 256)
  const sibling = picture.published ^ 1
  for (const change of [
    flip(picture.published * 32),
    flip(sibling * 32),
    (whole: Buffer) => whole.subarray(0, -32),
    null,
  ])
    assert.deepEqual(await withObject(leaves, change, picture), ['log.tree'])
  assert.deepEqual(await withObject(leaves, flip(parted.marked * 32), parted), ['log.tree'], 'no proof passes it')
  assert.deepEqual(await withObject(tilePath(0, 1, size - 256), null, picture), ['log.tree'])
  assert.deepEqual(await withObject(tilePath(1, 0, 1), flip(0), late), ['log.tree'])
})

test('a row whose facts name another digest is told from what the log signed, its leaf hash made to fit or not', async () => {
  const other = sha256('another')
  for (const rehash of [false, true]) {
    const published = await forge(picture.published, { file: other, key: `${picture.id}.png` }, rehash)
    assert.deepEqual(await find(picture), ['log.digest', 'log.row'])
    const record = { digests: { file: other } }
    const marked = await forge(picture.marked, { record, manifest: picture.id }, rehash)
    assert.deepEqual(await check()(picture.id, other), ['log.row'], 'records that fit a replaced file')
    const without = await withObject(entriesPath(0, 256), null, picture)
    assert.deepEqual(without, ['log.digest', 'log.entry', 'log.tree'])
    await published()
    await marked()
    assert.equal(await find(picture), 'agrees')
  }
})

test('a leaf that waits is no finding, and hides none', async () => {
  const waiting = await release()
  assert.equal(await find(waiting), 'waits')
  assert.deepEqual(await check()(waiting.id, sha256('another')), ['log.digest'])
  await house.run()
  assert.equal(await find(waiting), 'agrees')
  await using empty = await openLogHouse()
  const { id, digest } = await release({}, empty)
  const first = openLogCheck(empty.tools, empty.database.sql)
  assert.equal(await first(id, digest), 'waits', 'nothing was signed yet')
  assert.deepEqual(await first(id, waiting.digest), ['log.digest'])
})

test('a checkpoint by another key, under another name or of another tree than its row says is not believed', async () => {
  const problems = ['log.checkpoint']
  assert.deepEqual(await find(picture, { key: logKeyOf(Buffer.alloc(32, 6)) }), problems)
  const { sql } = house.database
  const size = await newestSize()
  const set = (root: string) => raw`UPDATE darkroom.log_checkpoint SET root = ${root} WHERE size = ${size}`.execute(sql)
  const { root } = await sql
    .selectFrom('darkroom.log_checkpoint')
    .select('root')
    .where('size', '=', String(size))
    .executeTakeFirstOrThrow()
  await set('ab'.repeat(32))
  assert.deepEqual(await find(picture), problems)
  await set(root)
  const rename = (origin: string) => raw`UPDATE darkroom.log SET origin = ${origin}`.execute(sql)
  await rename('other.test/log')
  assert.deepEqual(await find(picture), problems)
  await rename('darkroom.test/log')
  assert.equal(await find(picture), 'agrees')
})

test('a store that is away says nothing: it is a fault, whatever was asked of it', async () => {
  for (const asked of ['tile/entries/', 'tile/0/', 'tile/1/']) {
    const get = (key: string) =>
      key.startsWith(asked)
        ? Promise.reject(new Fault('object_store_failed', { retry: 'later' }))
        : house.store.get(key)
    const on = { store: { ...house.store, get } }
    await assert.rejects(find(late, on), (error) => isFault(error, 'object_store_failed'), asked)
  }
})
