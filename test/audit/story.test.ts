// The log tells the whole story: of 200 requests of two tenants, in every way that one ends here, an export alone explains what became of
// each; a piece of a released picture leads to its row; and what is dropped from the export or changed in the records is found out.
import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { sql as raw } from 'kysely'
import sharp from 'sharp'
import { noteTextOf, type Row } from '../../src/audit/export-format.ts'
import { runExport } from '../../src/audit/export-job.ts'
import { signerOf } from '../../src/audit/log-keys.ts'
import { rangeProof } from '../../src/audit/merkle.ts'
import { parseVerifierKey, signNote } from '../../src/audit/note.ts'
import { nodesOf } from '../../src/audit/tree-store.ts'
import { verifyExport } from '../../src/audit/verify.mjs'
import { verifyArchive } from '../../src/audit/verify-archive.ts'
import { openMarkTools } from '../../src/commands/parts.ts'
import { openRegistry } from '../../src/commands/registry.ts'
import { asJson, canonical, sha256 } from '../../src/kernel/canonical.ts'
import { decodeUpload } from '../../src/mark/encode.ts'
import type { RegistryRecord } from '../../src/mark/registry.ts'
import { json } from '../http/service.ts'
import { growLog } from '../support/log-rounds.ts'
import { tarOf } from './archives/tar.ts'
import { chunksOf } from './export-house.ts'
import { forge } from './forgeries.ts'
import { type Archive, type Explained, explain, factOf, readStory, restrictionsIn } from './story-archive.ts'
import { SAID, type Told, tellStory } from './story-cast.ts'
import { openStage, type Stage } from './story-stage.ts'

const DAY_MS = 86_400_000
const JPEG_QUALITY = 70
const SEARCH = { search: 'full', deadlineMs: 10_000 } as const

let stage: Stage
let story: Awaited<ReturnType<typeof tellStory>>
let folder: string
let bytes: Buffer
let archive: Archive
let explained: Map<string, Explained>
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'darkroom-story-'))
  stage = await openStage()
  story = await tellStory(stage)
  bytes = await exported()
  archive = await readStory(bytes)
  explained = explain(archive.rows)
})
after(async () => {
  await stage[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

/** Of all that was done until now, by the job that the service runs. */
async function exported(): Promise<Buffer> {
  const { service, ground, sql } = stage.court
  await stage.court.pass(1)
  const { rows } = await raw<{ now: Date }>`SELECT darkroom.now() AS now`.execute(sql)
  const to = rows[0]?.now ?? assert.fail('no time')
  const period = { from: new Date(to.getTime() - DAY_MS).toISOString(), to: to.toISOString() }
  const call = (path: string, init: RequestInit = {}) => service.call(path, { ...init, as: 'compliance' })
  const ordered = await call('/v1/audit/exports', json({ ...period, formats: ['csv'] }))
  assert.equal(ordered.status, 202, await ordered.clone().text())
  await growLog(ground.database, service.transparency)
  const tools = { ...ground, transparency: service.transparency, leaseMs: 60_000, partBytes: 100_000 }
  while ((await runExport(tools)) !== 'idle');
  const answer = await call(`${ordered.headers.get('location')}/archive`)
  assert.equal(answer.status, 200, await answer.clone().text())
  return Buffer.from(await answer.arrayBuffer())
}

/** What both verifiers say, given the log's key and every checkpoint that it signed. */
async function judge(archived: Buffer) {
  const { service, sql } = stage.court
  const key = (await (await service.call('/log/key', { as: null })).text()).trimEnd()
  const checkpoints = await sql.selectFrom('darkroom.log_checkpoint').select(['size', 'note']).orderBy('size').execute()
  const kept = checkpoints.map(({ size, note }) => ({ name: `checkpoint-${size}`, note: Buffer.from(note) }))
  for (const { name, note } of kept) await writeFile(join(folder, name), note)
  const path = join(folder, 'archive.tar')
  await writeFile(path, archived)
  const ours = await verifyArchive(chunksOf(archived), { key: parseVerifierKey(key), kept })
  const other = verifyExport(path, { key, checkpoints: kept.map(({ name }) => join(folder, name)) })
  return { ours, other, checkpoints: kept.length }
}

function storyOf({ requestId }: Told): Explained {
  return explained.get(requestId) ?? assert.fail(`the archive says nothing of ${requestId}`)
}

function imageOf(told: Told): string {
  return storyOf(told).images[0]?.id ?? assert.fail(`${told.requestId} has no image`)
}

function rowsOf(kind: string): Row[] {
  return archive.rows.filter(({ opened }) => opened?.kind === kind)
}

/** What the operator, who has the keys of the marks, finds behind a picture by its mark alone. */
async function recordBehind(picture: Buffer): Promise<RegistryRecord | null> {
  const { config, log, database } = stage.court.ground
  await using stack = new AsyncDisposableStack()
  const { watermark } = await openMarkTools(config, log, stack)
  const { decoded, epoch } = await watermark.read((await decodeUpload(picture)).picture, SEARCH)
  return decoded === null || epoch === null ? null : openRegistry(database).byMarkId(decoded.markId, epoch)
}

test('both verifiers find that everything holds, under every checkpoint that the log signed meanwhile', async () => {
  const { ours, other, checkpoints } = await judge(bytes)
  assert.ok(checkpoints > 5, `${checkpoints} checkpoints`)
  assert.deepEqual([ours.failures, ours.unchecked, ours.code], [[], [], 0])
  assert.deepEqual([other.failures, other.unchecked, other.code], [[], [], 0])
})

test('its counts are those of the records, kind by kind, and nothing differs', async () => {
  const { counts, query, withheld, reconciliation } = archive.manifest
  const { rows } = await raw<{ kind: string; count: number }>`
    SELECT kind, count(*)::integer AS count FROM darkroom.move WHERE at < ${new Date(query.to)} GROUP BY kind
  `.execute(stage.court.sql)
  assert.deepEqual(counts.kinds, Object.fromEntries(rows.map(({ kind, count }) => [kind, count])))
  assert.deepEqual([counts.opened, withheld], [archive.rows.length, []])
  assert.ok(reconciliation.length >= 8 && reconciliation.every(({ expected }) => expected > 0))
  assert.deepEqual(
    reconciliation.filter(({ expected, found, difference }) => difference !== 0 || expected !== found),
    [],
  )
})

test('the archive alone explains each of the 200 requests: its state, its pictures, its restrictions and its appeals', () => {
  assert.deepEqual([story.cast.length, explained.size], [200, 200])
  for (const { as: _, ...told } of story.cast) {
    const { requestId, state, images, restrictions, appeals } = explained.get(told.requestId) ?? assert.fail()
    const stateOf = (one: { state: string }) => one.state
    assert.deepEqual(
      {
        requestId,
        state,
        images: images.map(stateOf),
        restrictions: restrictions.length,
        appeals: appeals.map(stateOf),
      },
      told,
    )
  }
  const pseudonyms = new Set(story.cast.map((told) => `${told.as} ${storyOf(told).tenant}`))
  assert.equal(pseudonyms.size, 2, 'a tenant is one pseudonym')
})

test('what the archive says is what the records say', async () => {
  const { sql } = stage.court
  const requests = await sql.selectFrom('darkroom.request').select(['id', 'state']).orderBy('id').execute()
  const images = await sql.selectFrom('darkroom.image').select(['id', 'state']).orderBy('id').execute()
  const told = [...explained.values()].map(({ requestId: id, state }) => ({ id, state }))
  const byId = (a: { id: string }, b: { id: string }) => (a.id < b.id ? -1 : 1)
  assert.deepEqual(told.sort(byId), requests)
  assert.deepEqual([...explained.values()].flatMap((one) => one.images).sort(byId), images)
})

test('each restriction names its statement, which is as the log pins it', async () => {
  const named = restrictionsIn(archive.rows)
  const statements = await stage.court.sql.selectFrom('darkroom.statement').selectAll().execute()
  const pinned = statements.map(({ id, subject_id, record }) => {
    return { subject: subject_id, statement: id, digest: sha256(canonical(asJson(Object(record)))) }
  })
  const byId = (a: { statement: string }, b: { statement: string }) => (a.statement < b.statement ? -1 : 1)
  assert.ok(named.length > 100)
  assert.deepEqual(named.sort(byId), pinned.sort(byId))
})

test('appeals contest what was stated; who withdrew, reported, erased, edited and failed is there', () => {
  const { overturned, upheld, takenBack, reported, withdrawn, erased, edited } = story.chapters
  for (const told of [overturned, upheld, takenBack]) {
    const { appeals, restrictions } = storyOf(told)
    assert.deepEqual(
      appeals.map(({ contested }) => contested),
      restrictions.map(({ statement }) => statement),
    )
  }
  const deciders = rowsOf('image.withdrawn').map(({ opened }) => [opened?.id, factOf(opened, 'decided_by')])
  assert.deepEqual(deciders, [
    [imageOf(reported), 'person'],
    [imageOf(withdrawn), 'owner'],
  ])
  const marked = (of: (one: Explained) => number) =>
    [...explained.values()].flatMap((one) => (of(one) > 0 ? [[one.requestId, of(one)]] : []))
  assert.deepEqual(
    marked(({ reports }) => reports),
    [[reported.requestId, 1]],
  )
  assert.deepEqual(
    marked(({ erasures }) => erasures),
    [[erased.requestId, 1]],
  )
  const edits = rowsOf('request.received').filter(({ opened }) => factOf(opened, 'operation') === 'edit')
  assert.deepEqual(
    edits.map(({ opened }) => opened?.id),
    [edited.requestId],
  )
  assert.ok(rowsOf('request.failed').every(({ opened }) => factOf(opened, 'reason') === 'timeout'))
})

test('nothing that anybody wrote is in it, the erased prompt least of all', async () => {
  for (const said of SAID) assert.equal(bytes.includes(said), false, said)
  const { prompt, salt } = await stage.court.sql
    .selectFrom('darkroom.request')
    .select(['prompt', 'salt'])
    .where('id', '=', story.chapters.erased.requestId)
    .executeTakeFirstOrThrow()
  assert.deepEqual([prompt, salt], [null, null], 'nor can what its digest was made of be tried')
})

test('a piece of a released picture, compressed anew, leads to the row that names the file it was cut from', async () => {
  const { service } = stage.court
  const { traced } = story.chapters
  const imageId = imageOf(traced)
  const link = (await service.call(`/v1/images/${imageId}/content`, { as: traced.as })).headers.get('location') ?? ''
  const handedOut = Buffer.from(await (await service.call(link, { as: null })).arrayBuffer())
  const { width, height } = await sharp(handedOut).metadata()
  const side = Math.sqrt(2 / 3)
  const part = { left: 37, top: 21, width: Math.round(width * side), height: Math.round(height * side) }
  const copy = await sharp(handedOut).extract(part).jpeg({ quality: JPEG_QUALITY }).toBuffer()
  const form = new FormData()
  form.set('file', new Blob([Uint8Array.from(copy)]), 'found.jpg')
  const answer = await service.call('/v1/provenance/verify', { method: 'POST', body: form, as: null })
  assert.equal(answer.status, 200, await answer.clone().text())
  const { manifest, watermark, verdict } = await answer.json()
  assert.deepEqual([manifest.found, watermark.read, verdict], [false, true, 'inconclusive'], 'a mark can be lifted')

  const record = await recordBehind(copy)
  assert.equal(record?.imageId, imageId)
  const { opened } = archive.rows[record?.logIndex ?? -1] ?? assert.fail('no such row')
  assert.deepEqual([opened?.kind, opened?.id], ['image.published', imageId])
  assert.equal(factOf(opened, 'file'), sha256(handedOut))
})

test('a row that is left out is missed by both verifiers, though everything else was made to fit and signed again', async () => {
  const { transparency } = stage.court.service
  const { files, manifest } = archive
  const signer = signerOf(transparency.key, manifest.log.origin)
  const { size } = manifest.range
  const proof = await rangeProof(0, size - 1, size, nodesOf(transparency.store, size))
  const denied = rowsOf('image.denied')[0]?.index ?? assert.fail()
  for (const [left, missed] of [
    [0, /do not lead to the root/],
    [denied, /do not lead to the root/],
    [size - 1, /last row .*, (before|and must be after the period)/],
  ] as const) {
    const without = await forge(
      files,
      ({ rows, proofs }) => {
        rows.splice(left, 1)
        for (const [index, row] of rows.entries()) row.index = index
        proofs.range.splice(0, Number.POSITIVE_INFINITY, ...proof.map((hash) => hash.toString('base64')))
      },
      'nobody',
      () => 0,
    )
    const note = await signNote(noteTextOf(sha256(String(without.get('manifest.json')))), [signer])
    without.set('manifest.note', Buffer.from(note))
    const { ours, other } = await judge(tarOf(without))
    assert.deepEqual([ours.code, other.code], [1, 1], `row ${left}`)
    for (const { failures } of [ours, other]) {
      assert.match(failures.join('\n'), missed)
      assert.doesNotMatch(failures.join('\n'), /manifest/)
    }
  }
})

test('what is changed in the records afterwards is named by the next export', async () => {
  const { sql } = stage.court
  const { upheld, deniedByPerson } = story.chapters
  const [statement] = storyOf(deniedByPerson).restrictions
  const [appeal] = storyOf(upheld).appeals
  await raw`UPDATE darkroom.statement SET record = jsonb_set(record, '{facts}', '"Nothing was found."')
             WHERE id = ${statement?.statement}`.execute(sql)
  await raw`UPDATE darkroom.appeal SET state = 'overturned' WHERE id = ${appeal?.id}`.execute(sql)
  await raw`UPDATE darkroom.image SET published_at = darkroom.now() WHERE id = ${imageOf(upheld)}`.execute(sql)
  const changed = await exported()
  const { ours, other } = await judge(changed)
  assert.deepEqual([ours.code, other.code], [0, 0], 'the log is what it was')
  const differences = (await readStory(changed)).manifest.reconciliation.filter(({ difference }) => difference !== 0)
  assert.deepEqual(differences.map(({ name, difference }) => [name, difference]).sort(), [
    ['appeals_in_step', 1],
    ['images_in_log', 1],
    ['statements_unchanged', 1],
  ])
})
