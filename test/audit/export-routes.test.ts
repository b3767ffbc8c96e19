// Exports over HTTP: what is asked wrongly is refused by its field, the archive of a real small service verifies, by both verifiers, and a
// download goes on where it broke off.
import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { runExport } from '../../src/audit/export-job.ts'
import { parseVerifierKey } from '../../src/audit/note.ts'
import { runRound } from '../../src/audit/sequencer.ts'
import { verifyExport } from '../../src/audit/verify.mjs'
import { verifyArchive } from '../../src/audit/verify-archive.ts'
import { sha256 } from '../../src/kernel/canonical.ts'
import { newId } from '../../src/kernel/ids.ts'
import { acceptSecret } from '../../src/tenant/fingerprints.ts'
import { json, openService, type Service } from '../http/service.ts'
import { chunksOf } from './export-house.ts'

let service: Service
let folder: string
before(async () => {
  service = await openService({ DARKROOM_AUDIT_EXPORT_MAX_DAYS: '31' })
  folder = await mkdtemp(join(tmpdir(), 'darkroom-exports-'))
})
after(async () => {
  await service[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

const DAY_MS = 86_400_000
const ago = (ms: number) => new Date(Date.now() - ms).toISOString()
const period = () => ({ from: ago(DAY_MS), to: ago(0) })
const call = (path: string, init: Parameters<Service['call']>[1] = {}) =>
  service.call(path, { as: 'compliance', ...init })
const order = (body: object, headers: Record<string, string> = {}) => call('/v1/audit/exports', json(body, headers))
const work = async () => {
  const { ground, transparency } = service
  const round = { ...transparency, database: ground.database, holder: 'test', leaseMs: 1000, atMost: 4096 }
  while ((await runRound(round)) !== null);
  while ((await runExport({ ...ground, transparency, leaseMs: 10_000, partBytes: 3000 })) !== 'idle');
}
const made = async (body: object) => {
  const answer = await order(body)
  assert.equal(answer.status, 202, await answer.clone().text())
  await work()
  const path = answer.headers.get('location') ?? ''
  return { path, resource: await (await call(path)).json() }
}
const download = async (path: string, headers: Record<string, string> = {}) => {
  const answer = await call(`${path}/archive`, { headers })
  return { answer, bytes: Buffer.from(await answer.arrayBuffer()) }
}
const notesOf = (kind: string) =>
  service.ground.database.sql
    .selectFrom('darkroom.move')
    .select(['subject_id', 'facts'])
    .where('kind', '=', kind)
    .orderBy('id')
    .execute()

test('what a small service did is exported, and both verifiers find that everything holds', async () => {
  for (const prompt of ['a red boat', 'a green boat']) {
    const { id } = await (await service.call('/v1/generations', json({ prompt }))).json()
    await service.develop(id, ['published'])
  }
  const { path, resource } = await made({ ...period(), formats: ['csv', 'parquet'] })
  const { rows } = resource.counts
  assert.deepEqual(
    [resource.state, resource.progress, resource.formats, resource.failure],
    ['done', { rows_done: rows, rows }, ['csv', 'parquet'], null],
  )
  assert.ok(resource.counts.opened > 20)
  const { answer, bytes } = await download(path)
  assert.deepEqual(
    ['content-type', 'content-length', 'etag', 'accept-ranges', 'cache-control'].map((name) =>
      answer.headers.get(name),
    ),
    ['application/x-tar', String(resource.size_bytes), `"${resource.sha256}"`, 'bytes', 'no-store'],
  )
  assert.equal(sha256(bytes), resource.sha256)
  const key = (await (await call('/log/key')).text()).trimEnd()
  const ours = await verifyArchive(chunksOf(bytes), { key: parseVerifierKey(key), kept: [] })
  assert.deepEqual([ours.failures, ours.unchecked, ours.code], [[], [], 0])
  assert.deepEqual(
    ours.manifest?.reconciliation.filter(({ difference }) => difference !== 0),
    [],
    'records and log agree',
  )
  assert.equal(ours.manifest?.reconciliation.find(({ name }) => name === 'images_in_log')?.expected, 2)
  const file = join(folder, 'archive.tar')
  await writeFile(file, bytes)
  const note = join(folder, 'checkpoint')
  await writeFile(note, await (await call('/log/checkpoint')).text())
  const other = verifyExport(file, { key })
  assert.deepEqual([other.failures, other.unchecked, other.code], [[], [], 0])
})

test('a period that is none, is not over or is too long, a tenant that is none and a kind of no form are refused by name', async () => {
  const wrong: [object, string][] = [
    [{ from: ago(0), to: ago(0).replace('Z', '+00:00') }, 'to'],
    [{ from: ago(0), to: ago(DAY_MS) }, 'to'],
    [{ from: ago(DAY_MS), to: ago(-DAY_MS) }, 'to'],
    [{ from: ago(32 * DAY_MS), to: ago(0) }, 'to'],
    [{ from: 'yesterday', to: ago(0) }, 'from'],
    [{ from: '2026-01-01T00:00:00', to: ago(0) }, 'from'],
    [{ from: ago(DAY_MS) }, 'to'],
    [{ ...period(), tenant: 'ten_nobody' }, 'tenant'],
    [{ ...period(), tenant: '' }, 'tenant'],
    [{ ...period(), kind: 'published' }, 'kind'],
    [{ ...period(), kind: 'restricted' }, 'kind'],
    [{ ...period(), subject: 'a\u0000b' }, 'subject'],
    ...[
      'Anna Schmidt',
      'anna@example.com',
      'img_1',
      'abc_00000000000000000000000000',
      'anna',
      ' ',
      `${newId('img')} x`,
    ].map((subject): [object, string] => [{ ...period(), subject }, 'subject']),
    [{ ...period(), formats: ['xml'] }, 'formats'],
    [{ ...period(), secret: true }, 'secret'],
  ]
  for (const [body, field] of wrong) {
    const answer = await order(body)
    const problem = await answer.json()
    assert.equal(answer.status, 400, JSON.stringify(body))
    assert.equal(String(problem.field).split('.')[0], field, JSON.stringify([body, problem]))
  }
  assert.equal((await order(period(), { 'idempotency-key': 'ü' })).status, 400)
  assert.equal((await service.call('/v1/audit/exports', json(period()))).status, 403, 'a client')
  assert.equal((await call('/v1/audit/exports/exp_nothing')).status, 404)
  assert.equal((await call('/v1/audit/exports/exp_nothing/archive')).status, 404)
})

test('a kind of which there is nothing is exported, and nothing matches; what is no kind of the log is not taken', async () => {
  const { resource } = await made({ ...period(), kind: 'image.withdrawn' })
  assert.deepEqual([resource.state, resource.counts.opened], ['done', 0])
  // The last is in the log as `restricted` alone.
  for (const kind of ['image.unheard_of', 'anna.schmidt', 'escalation.confirmed']) {
    const answer = await order({ ...period(), kind })
    const { field, detail } = await answer.json()
    assert.deepEqual([answer.status, field, detail.includes(kind)], [400, 'kind', false], kind)
  }
})

test('an export is asked for by an id that is known or not, by a policy and by a secret, and no other text comes into the log', async () => {
  const { transact, sql } = service.ground.database
  const [{ id: policy } = { id: '' }] = await sql.selectFrom('darkroom.policy_version').select('id').execute()
  await transact((tx) => acceptSecret(tx, { name: 'links', file: 'links', bytes: Buffer.alloc(32, 3) }))
  const taken = [newId('img'), newId('sor'), newId('per'), policy, 'links']
  for (const subject of taken) assert.equal((await made({ ...period(), subject })).resource.state, 'done', subject)
  assert.equal((await order({ ...period(), subject: 'Anna Schmidt' })).status, 400)
  const asked = (await notesOf('audit.exported')).flatMap(({ facts }) => Object(facts).query.subject ?? [])
  assert.deepEqual(asked, taken)
})

test('an offset names the same moment, and one key is one export', async () => {
  const headers = { 'idempotency-key': 'once' }
  const body = { from: '2026-01-01T00:00:00Z', to: '2026-01-02T00:00:00Z' }
  const [first, again] = [
    await order(body, headers),
    await order({ ...body, from: '2026-01-01T02:00:00+02:00' }, headers),
  ]
  assert.equal(first.headers.get('location'), again.headers.get('location'))
  assert.deepEqual(
    [first, again].map((one) => one.headers.get('idempotency-replayed')),
    [null, 'true'],
  )
  assert.equal((await order({ ...body, kind: 'image.denied' }, headers)).status, 409)
})

test('a download by ranges gives the same bytes, each of them is in the log, and a range beyond is none', async () => {
  const { path, resource } = await made(period())
  const { id, size_bytes: size, sha256: digest } = resource
  const { bytes: whole } = await download(path)
  const parts: Buffer[] = []
  for (let at = 0; at < size; at += 5000) {
    const { answer, bytes } = await download(path, { range: `bytes=${at}-${at + 4999}`, 'if-range': `"${digest}"` })
    const last = Math.min(size, at + 5000) - 1
    assert.deepEqual([answer.status, answer.headers.get('content-range')], [206, `bytes ${at}-${last}/${size}`])
    parts.push(bytes)
  }
  assert.ok(parts.length > 3)
  assert.ok(Buffer.concat(parts).equals(whole))
  assert.ok((await download(path, { range: 'bytes=-1024' })).bytes.equals(Buffer.alloc(1024)))
  assert.ok((await download(path, { range: `bytes=${size - 10}-` })).bytes.equals(Buffer.alloc(10)))
  for (const range of ['bytes=9-3', 'lines=1-2', 'bytes=1-2,4-5', 'bytes=-'])
    assert.deepEqual((await download(path, { range })).answer.status, 200, range)
  assert.equal((await download(path, { range: 'bytes=1-2', 'if-range': '"another"' })).answer.status, 200)
  const beyond = await download(path, { range: `bytes=${size}-` })
  assert.deepEqual([beyond.answer.status, beyond.answer.headers.get('content-range')], [416, `bytes */${size}`])
  const before = (await notesOf('audit.downloaded')).length
  const head = await call(`${path}/archive`, { method: 'HEAD' })
  assert.deepEqual([head.status, head.headers.get('content-length')], [200, String(size)])
  const told = await notesOf('audit.downloaded')
  assert.equal(told.length, before, 'a look at the head is no download')
  const [first] = told.filter(({ subject_id }) => subject_id === id)
  assert.deepEqual([Object(first?.facts).start, Object(first?.facts).end], [0, size])
  assert.ok(Object(Object(first?.facts).by).key.startsWith('key_'))
})

test('exports are listed newest first, one that is not made has no archive, and one that is taken away is gone', async () => {
  const path = (await order(period())).headers.get('location') ?? ''
  const { data, next } = await (await call('/v1/audit/exports?limit=2')).json()
  assert.equal(data[0].id, path.split('/').at(-1))
  assert.deepEqual([data.length, data[0].state, data[0].archive_url], [2, 'waiting', null])
  const more = await (await call(`/v1/audit/exports?limit=2&after=${next}`)).json()
  assert.ok(more.data[0].id < data[1].id)
  assert.equal((await download(path)).answer.status, 409)
  assert.equal((await call(path, { method: 'DELETE' })).status, 204)
  assert.equal((await call(path)).status, 404)
  assert.equal((await call(path, { method: 'DELETE' })).status, 404)
  await work()
  const kept = await service.ground.database.sql
    .selectFrom('darkroom.audit_export')
    .select('id')
    .where('state', '=', 'removing')
    .execute()
  assert.deepEqual(kept, [])
  const removed = await notesOf('audit.removed')
  assert.equal(removed.length, 1)
})
