// The log over HTTP: what an auditor without a key reads is enough to check the tree, and what is not a tile's one path is nothing.
import assert from 'node:assert/strict'
import { request } from 'node:http'
import { after, before, test } from 'node:test'
import { openCheckpoint } from '../../src/audit/checkpoint.ts'
import {
  hashChildren,
  hashLeaf,
  inclusionProof,
  type ReadNode,
  rootOf,
  verifyInclusion,
} from '../../src/audit/merkle.ts'
import { parseVerifierKey } from '../../src/audit/note.ts'
import { runRound } from '../../src/audit/sequencer.ts'
import { decodeEntries } from '../../src/audit/tiles.ts'
import { json, openService, type Service } from './service.ts'

let service: Service
before(async () => {
  service = await openService()
})
after(() => service[Symbol.asyncDispose]())

const read = (path: string) => service.call(path, { as: null })
const grow = () => {
  const { database } = service.ground
  return runRound({ ...service.transparency, database, holder: 'test', leaseMs: 1000, atMost: 4096 })
}
/** Sends a path as it stands, which fetch would tidy up. */
const readRaw = (path: string): Promise<number> => {
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  const asked = request(new URL(service.url), { path }, (answer) => {
    answer.resume()
    resolve(answer.statusCode ?? 0)
  })
  asked.on('error', reject).end()
  return promise
}

test('before its first leaf a log has a key and no checkpoint', async () => {
  const response = await read('/log/checkpoint')
  assert.deepEqual([response.status, (await response.json()).code], [404, 'not_found'])
  const key = await read('/log/key')
  assert.equal(key.headers.get('content-type'), 'text/plain; charset=utf-8')
  assert.equal(parseVerifierKey((await key.text()).trimEnd()).name, 'darkroom.test/log')
})

test('anybody can check from checkpoint, key and tiles that an order is in the log, and reads nothing of it there', async () => {
  const { id } = await (await service.call('/v1/generations', json({ prompt: 'a red boat', user: 'somebody' }))).json()
  const size = (await grow())?.size ?? 0
  assert.ok(size > 0)
  const logKeys = [parseVerifierKey((await (await read('/log/key')).text()).trimEnd())]
  const answer = await read('/log/checkpoint')
  assert.equal(answer.headers.get('content-type'), 'text/plain; charset=utf-8')
  assert.equal(answer.headers.get('cache-control'), 'no-store')
  const note = Buffer.from(await answer.arrayBuffer())
  const checkpoint = openCheckpoint(note, { origin: 'darkroom.test/log', logKeys })
  assert.equal(checkpoint.size, size)

  const tile = await read(`/log/tile/0/000.p/${size}`)
  assert.deepEqual(
    ['content-type', 'cache-control'].map((name) => tile.headers.get(name)),
    ['application/octet-stream', 'public, max-age=31536000, immutable'],
  )
  const hashes = Buffer.from(await tile.arrayBuffer())
  const bundle = Buffer.from(await (await read(`/log/tile/entries/000.p/${size}`)).arrayBuffer())
  const entries = decodeEntries(bundle, size)
  const leaves = entries.map(hashLeaf)
  assert.ok(Buffer.concat(leaves).equals(hashes))
  const node: ReadNode = async (level, index) => {
    const [left, right] =
      level === 0 ? [] : await Promise.all([node(level - 1, index * 2), node(level - 1, index * 2 + 1)])
    return left && right ? hashChildren(left, right) : (leaves[index] ?? Buffer.alloc(0))
  }
  assert.ok((await rootOf(size, node)).equals(checkpoint.root))
  const move = await service.ground.database.sql
    .selectFrom('darkroom.move')
    .select(['log_index', 'leaf_hash'])
    .where('subject_id', '=', id)
    .where('kind', '=', 'request.received')
    .executeTakeFirstOrThrow()
  const index = Number(move.log_index)
  const proof = await inclusionProof(index, size, node)
  assert.ok(verifyInclusion(Buffer.from(move.leaf_hash, 'hex'), index, size, proof, checkpoint.root))
  assert.ok(!bundle.includes(id), 'no id is in the log')
  assert.ok(!bundle.includes('ten_'))
})

test('a tile that is not there, and each other spelling of one that is, is not found', async () => {
  await grow()
  const { size } = openCheckpoint(Buffer.from(await (await read('/log/checkpoint')).arrayBuffer()), {
    origin: 'darkroom.test/log',
    logKeys: [parseVerifierKey((await (await read('/log/key')).text()).trimEnd())],
  })
  assert.equal(await readRaw(`/log/tile/0/000.p/${size}`), 200)
  for (const path of [
    '0/000',
    '0/001',
    `0/000.p/${size + 1}`,
    `1/000.p/1`,
    `00/000.p/${size}`,
    `0/0.p/${size}`,
    `0/x000/000.p/${size}`,
    `0/000.p/0${size}`,
    `0/000.p%2F${size}`,
    `0%2F000.p/${size}`,
    `%30/000.p/${size}`,
    `0//000.p/${size}`,
    `0/000.p/${size}/`,
    `0/../0/000.p/${size}`,
    `0/000.p/256`,
    '../checkpoint',
    '../../keys.json',
    '..%2F..%2Fclaim%2F0',
    'entries/',
    'x'.repeat(90),
  ])
    assert.equal(await readRaw(`/log/tile/${path}`), 404, path)
  const response = await read('/log/tile/0/nothing')
  assert.match(response.headers.get('content-type') ?? '', /problem\+json/)
  assert.equal(response.headers.get('cache-control'), 'no-store')
  for (const hidden of ['/log/claim/0', `/log/checkpoint/${size}`]) assert.equal(await readRaw(hidden), 404, hidden)
})

test('one address reads so many tiles a minute, and its other questions are counted apart', async () => {
  await using paced = await openService({
    DARKROOM_LOG_REQUESTS_PER_MINUTE: '3',
    DARKROOM_PUBLIC_REQUESTS_PER_MINUTE: '2',
  })
  const ask = async (path: string) => (await paced.call(path, { as: null })).status
  assert.deepEqual([await ask('/log/key'), await ask('/log/key'), await ask('/log/tile/0/000')], [200, 200, 404])
  assert.equal(await ask('/log/key'), 429)
  assert.equal(await ask('/c2pa/services/supportedAlgorithms'), 200)
})
