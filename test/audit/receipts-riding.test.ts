// What callers get of the log without asking: a checkpoint in the header of what they learn of their pictures and statements, from which
// the signed note can be made again; and a picture that was just handed out is found with its place in the log.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { openCheckpoint } from '../../src/audit/checkpoint.ts'
import { verifierOf } from '../../src/audit/log-keys.ts'
import { decodeEntries } from '../../src/audit/tiles.ts'
import { openRegistry } from '../../src/commands/registry.ts'
import { type House, openHouse } from '../publish/house.ts'
import { growLog } from '../support/log-rounds.ts'

const ORIGIN = 'darkroom.test/log'
const HEADER = 'darkroom-log-checkpoint'
const FRESH_MS = 1000

let house: House
before(async () => {
  house = await openHouse()
})
after(() => house[Symbol.asyncDispose]())

const grow = () => growLog(house.ground.database, house.service.transparency)
/** What an answer that is a second old may have kept is over. */
const later = () => new Promise((resolve) => setTimeout(resolve, FRESH_MS + 50))
const sizeNow = async () =>
  Number((await house.sql.selectFrom('darkroom.log').select('tree_size').executeTakeFirstOrThrow()).tree_size)

/** The note again, as the documents say, which the log's key must have signed. */
function checkpointOf(headers: Headers) {
  const [size = '', root = '', signature = '', ...more] = (headers.get(HEADER) ?? '').split(' ')
  assert.deepEqual(more, [])
  const note = Buffer.from(`${ORIGIN}\n${size}\n${root}\n\n— ${ORIGIN} ${signature}\n`)
  return openCheckpoint(note, { origin: ORIGIN, logKeys: [verifierOf(house.service.transparency.key, ORIGIN)] })
}

test('before the first checkpoint an answer carries none', async () => {
  const { status, headers } = await house.call('/v1/generations')
  assert.deepEqual([status, headers.get(HEADER)], [200, null])
})

test('answers about generations, images and statements carry the newest checkpoint, and others do not', async () => {
  const { requestId, imageId } = await house.published()
  const { statement_id: statementId } = await house.rowOf('request', await house.refused())
  await grow()
  await later()
  const paths = [
    `/v1/generations/${requestId}`,
    '/v1/generations',
    `/v1/images/${imageId}`,
    `/v1/images/${imageId}/content`,
    `/v1/images/${imageId}/receipt`,
    `/v1/statements/${statementId}`,
    '/v1/models',
  ]
  for (const path of paths) {
    const { headers } = await house.call(path)
    assert.equal(checkpointOf(headers).size, await sizeNow(), path)
  }
  for (const path of ['/v1/usage', '/v1/webhooks', '/healthz'])
    assert.equal((await house.call(path)).headers.get(HEADER), null, path)
})

test('a checkpoint in an answer is a second old at the most', async () => {
  await house.published()
  await grow()
  await later()
  const before = checkpointOf((await house.call('/v1/generations')).headers)
  await house.published()
  await grow()
  await later()
  const now = checkpointOf((await house.call('/v1/generations')).headers)
  assert.ok(now.size > before.size)
  assert.equal(now.size, await sizeNow())
})

test('the header is documented where it is sent', async () => {
  const { paths } = (await house.call('/openapi.json')).body
  const headersOf = (path: string, status = '200') => Object.keys(paths[path].get.responses[status].headers ?? {})
  for (const path of ['/v1/generations/{id}', '/v1/images/{id}', '/v1/statements/{id}', '/v1/images/{id}/receipt'])
    assert.deepEqual(headersOf(path), [HEADER], path)
  assert.deepEqual(headersOf('/v1/images/{id}/content', '302'), [HEADER])
  assert.deepEqual(headersOf('/v1/usage'), [])
  assert.deepEqual(headersOf('/v1/images/{id}', '404'), [])
})

test('a picture that was just handed out is found with its place in the log, and the log has that entry', async () => {
  const { imageId } = await house.published()
  const found = () => openRegistry(house.ground.database).byManifestId(`urn:c2pa:${imageId}`)
  const entryAt = async (index: number) => {
    const size = await sizeNow()
    const bundle = await house.service.call(`/log/tile/entries/000.p/${size}`, { as: null })
    return JSON.parse(decodeEntries(Buffer.from(await bundle.arrayBuffer()), size)[index]?.toString() ?? 'null')
  }
  const moveOf = async (kind: string) =>
    house.sql
      .selectFrom('darkroom.move')
      .select(['log_index', 'tenant_sequence', 'tenant_pseudonym'])
      .where('subject_id', '=', imageId)
      .where('kind', '=', kind)
      .executeTakeFirstOrThrow()
  assert.equal((await moveOf('image.published')).log_index, null, 'its release waits for the next round')
  for (const kind of ['image.marked', 'image.published']) {
    const record = await found()
    const move = await moveOf(kind)
    assert.equal(String(record?.logIndex), move.log_index)
    const entry = await entryAt(record?.logIndex ?? -1)
    assert.deepEqual([entry.kind, entry.sequence, entry.tenant], [kind, move.tenant_sequence, move.tenant_pseudonym])
    await grow()
  }
})
