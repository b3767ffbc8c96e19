// A deployment that has TrustMark's files, through its own stages and routes: what it releases, says of it and resolves. The library is
// real, its models are toys.
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { openMarkTools } from '../../src/commands/parts.ts'
import { openRegistry } from '../../src/commands/registry.ts'
import { beginGenerating } from '../../src/generate/records.ts'
import { isFault } from '../../src/kernel/fault.ts'
import { claimTask } from '../../src/kernel/tasks.ts'
import { openTrustmark } from '../../src/mark/trustmark.ts'
import { trustmarkValue } from '../../src/mark/trustmark-binding.ts'
import { MARK_ALGORITHM, MARK_ALGORITHMS } from '../../src/mark/watermark/algorithm.ts'
import { markPreview } from '../../workers/gpu.ts'
import { cartoon, imageOf, pixelsOf } from '../mark/pictures.ts'
import { openPublishing, type Published, type Publishing } from '../mark/publishing.ts'
import { writeToyTrustmark } from '../mark/toy-trustmark.ts'
import { ALLOWED, json } from './service.ts'

const ALGORITHM = 'com.adobe.trustmark.Q'

let folder: string
let publishing: Publishing
let published: Published
let markId: number
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'darkroom-toy-'))
  await writeToyTrustmark(folder, { amplitude: 0.012 })
  publishing = await openPublishing({
    env: { DARKROOM_TRUSTMARK_DIR: folder, DARKROOM_TRUSTMARK_TIMEOUT_MS: '120000' },
  })
  published = await publishing.publish()
  const row = await publishing.sql
    .selectFrom('darkroom.image')
    .select(['mark_id', 'marked'])
    .where('id', '=', published.id)
    .executeTakeFirstOrThrow()
  markId = Number(row.mark_id)
  assert.equal(JSON.parse(JSON.stringify(row.marked)).trustmark, ALGORITHM)
})
after(async () => {
  await publishing[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

const call = async (path: string, init: RequestInit = {}) => {
  const response = await publishing.service.call(path, { ...init, as: null })
  return { status: response.status, answer: await response.json() }
}
const byBinding = (alg: string, value: string) => call('/c2pa/matches/byBinding', json({ alg, value }))

test('TrustMark is among the algorithms that are resolved, and its binding leads to the manifest', async () => {
  const { answer } = await call('/c2pa/services/supportedAlgorithms')
  assert.deepEqual(
    answer.watermarks,
    [...MARK_ALGORITHMS, ALGORITHM].map((alg) => ({ alg })),
  )
  const value = trustmarkValue(markId)
  assert.ok(published.bytes.includes(value) && published.bytes.includes(ALGORITHM))
  const found = { status: 200, answer: { matches: [{ manifestId: published.manifestId }] } }
  for (const one of [value, Buffer.from(value).toString('base64')])
    assert.deepEqual(await byBinding(ALGORITHM, one), found)
  assert.deepEqual((await byBinding(ALGORITHM, trustmarkValue(markId - 1))).answer, { matches: [] })
})

test('a value of one algorithm is none of the other', async () => {
  for (const [alg, value] of [
    [ALGORITHM, `1.${markId.toString(16)}`],
    [MARK_ALGORITHM, trustmarkValue(markId)],
  ] as const) {
    const { status, answer } = await byBinding(alg, value)
    assert.deepEqual([status, answer.field], [400, 'value'])
    assert.ok(answer.detail.includes(alg))
  }
  assert.equal((await byBinding('com.adobe.trustmark.P', trustmarkValue(markId))).answer.field, 'alg')
})

test('what was released without it is not found by it', async () => {
  const { sql } = publishing
  const { marked } = await sql
    .selectFrom('darkroom.image')
    .select('marked')
    .where('id', '=', published.id)
    .executeTakeFirstOrThrow()
  const { trustmark: _, ...without } = JSON.parse(JSON.stringify(marked))
  const set = (to: object) =>
    sql
      .updateTable('darkroom.image')
      .set({ marked: JSON.stringify(to) })
      .where('id', '=', published.id)
      .execute()
  await set(without)
  assert.deepEqual((await byBinding(ALGORITHM, trustmarkValue(markId))).answer, { matches: [] })
  await set({ ...without, trustmark: ALGORITHM })
})

test('the public check looks for it by the deployment’s records: a number in a foreign picture is told and proves nothing', async () => {
  const { service } = publishing
  const registry = openRegistry(service.ground.database)
  assert.equal((await registry.byTrustmark(markId, ALGORITHM))?.imageId, published.id)
  assert.equal(await registry.byTrustmark(markId - 1, ALGORITHM), null)
  assert.equal(await registry.byTrustmark(markId, 'com.adobe.trustmark.P'), null)

  const verify = async (bytes: Buffer) => {
    const body = new FormData()
    body.set('file', new Blob([new Uint8Array(bytes)]), 'picture')
    return (await call('/v1/provenance/verify', { method: 'POST', body })).answer
  }
  const ours = await verify(published.bytes)
  assert.deepEqual([ours.verdict, ours.watermark.trustmark, ours.record.image_id], ['ours', null, published.id])
  const codec = await openTrustmark({ folder, variant: 'Q' })
  const lifted = await codec.embed(await cartoon(77, 256), markId)
  const told = await verify(await imageOf(lifted).png().toBuffer())
  assert.deepEqual([told.verdict, told.watermark.trustmark, told.record], ['inconclusive', ALGORITHM, null])
})

test('a preview carries our mark alone and waits for no other', async () => {
  const { ground } = publishing.service
  const { requestId } = await publishing.service.admit({ prompt: ALLOWED, previews: 1 })
  const { id } = await publishing.sql
    .selectFrom('darkroom.task')
    .select('id')
    .where('subject_id', '=', requestId)
    .executeTakeFirstOrThrow()
  const claim = (await claimTask(publishing.sql, id, 60_000)) ?? assert.fail('it is due')
  const sample = (await beginGenerating(ground, claim)) ?? assert.fail('it is queued')
  await using stack = new AsyncDisposableStack()
  const tools = await openMarkTools(ground.config, ground.log, stack)
  assert.equal(tools.trustmark?.algorithm, ALGORITHM)
  const preview = { id: 'img_preview', markId: 4712, createdAt: new Date(0), index: 0 }
  const { bytes } = await markPreview(ground, tools)(preview, await cartoon(5, 256), sample)
  assert.ok(bytes.includes(MARK_ALGORITHM) && !bytes.includes(ALGORITHM))
  assert.equal(await (await openTrustmark({ folder, variant: 'Q' })).read(await pixelsOf(bytes)), null)
})

test('a service whose folder lacks a file does not start, and says which', async () => {
  await rm(join(folder, 'decoder_Q.onnx'))
  await assert.rejects(
    openPublishing({ env: { DARKROOM_TRUSTMARK_DIR: folder } }),
    (error) => isFault(error, 'config_invalid') && error.message.includes(join(folder, 'decoder_Q.onnx')),
  )
})
