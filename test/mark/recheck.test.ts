// What was released is looked at again: pictures that the service's own stages made and published, in its own store, where they are then
// replaced, cut, lost, or erased in between.
import assert from 'node:assert/strict'
import { Writable } from 'node:stream'
import { after, before, test } from 'node:test'
import { sql as raw } from 'kysely'
import { pino } from 'pino'
import { logKeyOf } from '../../src/audit/log-keys.ts'
import { openLogCheck } from '../../src/audit/recheck-log.ts'
import { openMarkTools } from '../../src/commands/parts.ts'
import { Fault } from '../../src/kernel/fault.ts'
import type { Ground } from '../../src/kernel/ground.ts'
import { meters } from '../../src/kernel/meters.ts'
import { openMarkKeys } from '../../src/mark/mark-keys.ts'
import { type RecheckTools, recheckNext } from '../../src/mark/recheck.ts'
import { openSigner, readManifest, type Signer } from '../../src/mark/signer.ts'
import { openWatermarker } from '../../src/mark/watermark/pool.ts'
import { startRechecker } from '../../workers/rechecker.ts'
import { growLog } from '../support/log-rounds.ts'
import { openPublishing, type Published, type Publishing } from './publishing.ts'

let publishing: Publishing
let ground: Ground
let tools: RecheckTools
let stack: AsyncDisposableStack
const lines: { level: number; msg: string; problems?: string[] }[] = []

before(async () => {
  stack = new AsyncDisposableStack()
  publishing = stack.use(await openPublishing({ env: { DARKROOM_RECHECKS_PER_HOUR: '6' } }))
  const sink = new Writable({
    write: (line, _encoding, done) => {
      lines.push(JSON.parse(String(line)))
      done()
    },
  })
  ground = { ...publishing.service.ground, log: pino({ level: 'warn' }, sink) }
  const checkLog = openLogCheck(publishing.service.transparency, publishing.sql)
  tools = { ...(await openMarkTools(ground.config, ground.log, stack)), checkLog }
})
after(() => stack.disposeAsync())

const notesOf = async (imageId: string) => {
  const { rows } = await raw<{ facts: unknown }>`
    SELECT facts FROM darkroom.move WHERE subject_id = ${imageId} AND kind = 'image.recheck_failed'`.execute(
    publishing.sql,
  )
  return rows.map(({ facts }) => facts)
}
const grow = () => growLog(ground.database, publishing.service.transparency)
const pass = (minutes: number) =>
  raw`UPDATE darkroom.clock_offset SET by = by + ${minutes} * interval '1 minute'`.execute(publishing.sql)
const turnOf = async () =>
  (
    await raw<{ image_id: string | null; tries: number }>`SELECT image_id, tries FROM darkroom.recheck`.execute(
      publishing.sql,
    )
  ).rows[0]
/** The turn is due and is this picture's, whose leaves are in the log. */
async function recheckOf({ id }: Published, on: Partial<Ground> = {}, by: Partial<RecheckTools> = {}) {
  await grow()
  lines.length = 0
  await raw`UPDATE darkroom.recheck SET image_id = ${id}, tries = 0, next_at = darkroom.now()`.execute(publishing.sql)
  return recheckNext({ ...ground, ...on }, { ...tools, ...by })
}
const countOf = async (result: string) =>
  Number(
    new RegExp(`darkroom_recheck_total\\{result="${result}"\\} (\\d+)`).exec(await meters.metrics())?.[1] ?? Number.NaN,
  )
const keyOf = ({ id }: Published) => `${id}.png`
async function replace(picture: Published, bytes: Buffer): Promise<void> {
  await ground.images.remove(keyOf(picture))
  await ground.images.putIfAbsent(keyOf(picture), { bytes, contentType: 'image/png' })
}

test('a picture that is as it was released is said to be, once a turn, by one worker', async () => {
  await publishing.publish()
  await grow()
  const before = await countOf('ok')
  const turns = await Promise.all([recheckNext(ground, tools), recheckNext(ground, tools)])
  assert.deepEqual(turns.sort(), [null, 'ok'])
  assert.equal(await countOf('ok'), before + 1)
  await pass(9)
  assert.equal(await recheckNext(ground, tools), null, 'six an hour')
  await pass(2)
  assert.equal(await recheckNext(ground, tools), 'ok')
  assert.deepEqual(lines, [])
  const { rows } = await raw<{ result: string; fresh: boolean }>`
    SELECT result, looked_at > darkroom.now() - interval '1 minute' AS fresh FROM darkroom.recheck`.execute(
    publishing.sql,
  )
  assert.deepEqual(rows, [{ result: 'ok', fresh: true }], 'the last look is kept')
})

test('one that is replaced, even by another of ours, cut or lost is a line, a count and a fact in the log of moves', async () => {
  const [picture, other] = [await publishing.publish(), await publishing.publish()]
  const found: [string, string[], () => Promise<void>][] = [
    ['mismatch', ['file.digest', 'log.digest'], () => replace(picture, other.bytes)],
    ['mismatch', ['file.digest', 'log.digest'], () => replace(picture, picture.bytes.subarray(0, -100))],
    ['missing', ['file.missing'], () => ground.images.remove(keyOf(picture))],
  ]
  for (const [result, expected, does] of found) {
    await does()
    const counted = await countOf(result)
    assert.equal(await recheckOf(picture), result)
    assert.equal(await countOf(result), counted + 1)
    assert.deepEqual(
      lines.map(({ level, problems }) => [level, problems]),
      [[50, expected]],
    )
    assert.deepEqual((await notesOf(picture.id)).at(-1), { result, problems: expected, key: keyOf(picture) })
  }
  assert.equal((await notesOf(picture.id)).length, found.length)
  await replace(picture, picture.bytes)
  assert.equal(await recheckOf(picture), 'ok')
  assert.equal((await turnOf())?.image_id, null)
})

test('the same bytes are held to the anchors, the mark’s keys and the fingerprint of today', async () => {
  const picture = await publishing.publish()
  const elsewhere = await openSigner({ home: `${publishing.service.home}/elsewhere` })
  const under = (anchorsPem: string): Signer => {
    const trust = { anchorsPem, timestampAnchorsPem: null }
    return { ...elsewhere, trust, read: (bytes, mimeType) => readManifest(bytes, mimeType, trust) }
  }
  const { anchorPem } = tools.signer
  assert.equal(await recheckOf(picture, {}, { signer: under(`${elsewhere.anchorPem}\n${anchorPem}`) }), 'ok')
  assert.equal(await recheckOf(picture, {}, { signer: under(elsewhere.anchorPem) }), 'mismatch')
  assert.deepEqual(lines[0]?.problems, ['manifest.Valid'])
  const over: Signer = {
    ...tools.signer,
    read: async (...asked) => {
      const reading = await tools.signer.read(...asked)
      return reading.found ? { ...reading, state: 'Invalid', problems: ['signingCredential.expired'] } : reading
    },
  }
  assert.equal(await recheckOf(picture, {}, { signer: over }), 'lapsed')

  await using strange = openWatermarker({
    keys: await openMarkKeys({ home: `${publishing.service.home}/keys` }),
    threads: 1,
  })
  assert.equal(await recheckOf(picture, {}, { watermark: strange }), 'mismatch')
  assert.deepEqual(lines[0]?.problems, ['watermark.unread'])

  const set = (text: string) =>
    raw`UPDATE darkroom.image SET fingerprint = ${text} WHERE id = ${picture.id}`.execute(publishing.sql)
  await set('f0'.repeat(32))
  assert.equal(await recheckOf(picture), 'mismatch')
  assert.deepEqual(lines[0]?.problems, ['fingerprint.far'])
})

test('a picture of another record under the same name is found by its manifest and its mark', async () => {
  const [picture, other] = [await publishing.publish(), await publishing.publish()]
  await replace(picture, other.bytes)
  await raw`UPDATE darkroom.image SET marked = (SELECT marked FROM darkroom.image WHERE id = ${other.id}),
                   fingerprint = (SELECT fingerprint FROM darkroom.image WHERE id = ${other.id})
             WHERE id = ${picture.id}`.execute(publishing.sql)
  assert.equal(await recheckOf(picture), 'mismatch')
  assert.deepEqual(lines[0]?.problems, ['manifest.other', 'watermark.other', 'log.digest'])
})

test('a picture that is what was released, and of which the log says otherwise, is a finding of its own', async () => {
  const picture = await publishing.publish()
  const counted = await countOf('log_mismatch')
  const checkLog = openLogCheck(
    { ...publishing.service.transparency, key: logKeyOf(Buffer.alloc(32, 1)) },
    publishing.sql,
  )
  assert.equal(await recheckOf(picture, {}, { checkLog }), 'log_mismatch')
  assert.equal(await countOf('log_mismatch'), counted + 1)
  const told = { result: 'log_mismatch', problems: ['log.checkpoint'], key: keyOf(picture) }
  assert.deepEqual(await notesOf(picture.id), [told])
  assert.deepEqual(
    lines.map(({ level, msg, problems }) => [level, msg, problems]),
    [[50, 'the log does not agree with a released picture', ['log.checkpoint']]],
  )
  assert.equal(await recheckOf(picture), 'ok')
})

test('a leaf that waits and a log that is away say nothing of the picture, which is tried again; its own problems are told', async () => {
  const picture = await publishing.publish()
  await raw`UPDATE darkroom.recheck SET image_id = ${picture.id}, tries = 0, next_at = darkroom.now()`.execute(
    publishing.sql,
  )
  assert.equal(await recheckNext(ground, tools), 'log_waits')
  assert.deepEqual(await turnOf(), { image_id: picture.id, tries: 1 })
  await grow()
  await pass(1)
  assert.equal(await recheckNext(ground, tools), 'ok')

  const away = { checkLog: () => Promise.reject(new Fault('object_store_failed', { retry: 'later' })) }
  assert.equal(await recheckOf(picture, {}, away), 'log_unreachable')
  assert.deepEqual(await turnOf(), { image_id: picture.id, tries: 1 })
  assert.deepEqual(
    lines.map(({ level }) => level),
    [40],
  )
  for (let tries = 2; tries <= 10; tries++) {
    await pass(1)
    assert.equal(await recheckNext(ground, { ...tools, ...away }), 'log_unreachable')
  }
  assert.deepEqual(await turnOf(), { image_id: null, tries: 0 })
  assert.deepEqual(await notesOf(picture.id), [])

  await replace(picture, picture.bytes.subarray(0, -100))
  assert.equal(await recheckOf(picture, {}, away), 'mismatch')
  assert.deepEqual((await notesOf(picture.id)).length, 1)
  await replace(picture, picture.bytes)
})

test('one that is withdrawn or erased while it is looked at is nobody’s loss', async () => {
  const erase = async ({ id }: Published) => {
    const { request_id } = await publishing.sql
      .selectFrom('darkroom.image')
      .select('request_id')
      .where('id', '=', id)
      .executeTakeFirstOrThrow()
    return publishing.service.call(`/v1/generations/${request_id}`, { method: 'DELETE' })
  }
  const withdraw = ({ id }: Published) => publishing.service.call(`/v1/images/${id}/withdraw`, { method: 'POST' })
  for (const does of [withdraw, erase]) {
    const picture = await publishing.publish()
    const images = {
      ...ground.images,
      get: async (key: string) => {
        assert.ok((await does(picture)).ok)
        return ground.images.get(key)
      },
    }
    assert.equal(await recheckOf(picture, { images }), 'moved_on')
    assert.deepEqual([lines, await notesOf(picture.id)], [[], []])
  }
})

test('a store that is away says nothing of the picture, which is tried again first, and not for ever', async () => {
  const picture = await publishing.publish()
  const away = new Fault('object_store_failed', { retry: 'later', facts: { away: true } })
  const images = { ...ground.images, get: () => Promise.reject(away) }
  assert.equal(await recheckOf(picture, { images }), 'unreachable')
  assert.deepEqual(await turnOf(), { image_id: picture.id, tries: 1 })
  assert.equal(await recheckNext(ground, tools), null)
  await pass(1)
  assert.equal(await recheckNext(ground, tools), 'ok')
  assert.deepEqual(await turnOf(), { image_id: null, tries: 0 })

  await recheckOf(picture, { images })
  for (let tries = 2; tries <= 10; tries++) {
    await pass(1)
    assert.equal(await recheckNext({ ...ground, images }, tools), 'unreachable')
  }
  assert.deepEqual(await turnOf(), { image_id: null, tries: 0 })
  assert.deepEqual(await notesOf(picture.id), [])
})

test('every picture that can be had is drawn in time, and no other', async () => {
  const asked: string[] = []
  const images = {
    ...ground.images,
    get: (key: string) => {
      asked.push(key)
      return Promise.reject(new Fault('object_missing'))
    },
  }
  // That one of them is left out by chance is less likely than one in ten million.
  for (let turn = 0; turn < 150; turn++) {
    await pass(11)
    await recheckNext({ ...ground, images }, tools)
  }
  const { rows } = await raw<{ key: string }>`
    SELECT object_key AS key FROM darkroom.image WHERE state = 'published' AND erased_at IS NULL ORDER BY 1`.execute(
    publishing.sql,
  )
  assert.deepEqual(
    [...new Set(asked)].sort(),
    rows.map(({ key }) => key),
  )
})

test('none is looked at where rechecks are switched off', async () => {
  const off = { ...ground.config, provenance: { ...ground.config.provenance, rechecksPerHour: 0 } }
  await pass(60)
  const isDue = async () =>
    (await raw<{ due: boolean }>`SELECT next_at <= darkroom.now() AS due FROM darkroom.recheck`.execute(publishing.sql))
      .rows[0]?.due
  await startRechecker({ ...ground, config: off }, tools)[Symbol.asyncDispose]()
  assert.equal(await isDue(), true)
  await startRechecker(ground, tools)[Symbol.asyncDispose]()
  assert.equal(await isDue(), false)
})
