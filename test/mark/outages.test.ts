// A signer or an authority on time that goes away while pictures are being marked: nothing unsigned or undated is released, no try is
// used up, nothing is lost, and everything goes on once it is back. The stages, tasks and records are the real ones.
import assert from 'node:assert/strict'
import { rm } from 'node:fs/promises'
import { after, afterEach, before, test } from 'node:test'
import { sql as raw } from 'kysely'
import { pino } from 'pino'
import { openConfiguredSigner } from '../../src/commands/signer.ts'
import { sha256 } from '../../src/kernel/canonical.ts'
import { isFault } from '../../src/kernel/fault.ts'
import type { Ground } from '../../src/kernel/ground.ts'
import { generatedKey } from '../../src/kernel/quarantine.ts'
import { addTask } from '../../src/kernel/tasks.ts'
import type { MarkTools } from '../../src/mark/mark.ts'
import { openMarkKeys } from '../../src/mark/mark-keys.ts'
import { readManifest, type Signer } from '../../src/mark/signer.ts'
import { markStage } from '../../src/mark/stage.ts'
import { openWatermarker, type Watermarker } from '../../src/mark/watermark/pool.ts'
import { publishStage } from '../../src/publish/release.ts'
import { runTask } from '../../workers/run-task.ts'
import { type KmsServer, openKmsServer } from '../support/kms-server.ts'
import { type Authority, openAuthority } from '../support/openssl.ts'
import { suiteOn } from '../support/services.ts'
import { openTimestampAuthority, type TimestampAuthority } from '../support/timestamp-authority.ts'
import { tools } from '../support/tools.ts'
import { memoryStore, openWorld, queueRequest, type World } from '../support/world.ts'
import { cartoon, imageOf } from './pictures.ts'

process.env.AWS_ACCESS_KEY_ID = 'test'
process.env.AWS_SECRET_ACCESS_KEY = 'test'

const MAX_ATTEMPTS = 1

suiteOn('outages of the signer', await tools('openssl'), () => {
  const stores = { images: memoryStore(), quarantine: memoryStore() }
  let authority: Authority
  let kms: KmsServer
  let time: TimestampAuthority
  let world: World
  let ground: Ground
  let watermark: Watermarker
  let stack: AsyncDisposableStack
  let minutes = 0

  before(async () => {
    stack = new AsyncDisposableStack()
    authority = await openAuthority('Example pictures')
    const { chainFile, keyFile } = await authority.issue()
    kms = stack.use(await openKmsServer(keyFile))
    time = stack.use(await openTimestampAuthority())
    world = stack.use(
      await openWorld({
        env: {
          DARKROOM_HOME: authority.folder,
          DARKROOM_TASK_MAX_ATTEMPTS: `${MAX_ATTEMPTS}`,
          DARKROOM_SIGNER: 'kms',
          DARKROOM_SIGNER_CERTIFICATE_FILE: chainFile,
          DARKROOM_SIGNER_ANCHOR_FILE: authority.anchorFile,
          DARKROOM_SIGNER_KMS_KEY_ID: kms.keyId,
          DARKROOM_SIGNER_KMS_ENDPOINT: kms.url,
          DARKROOM_SIGNER_TIMEOUT_MS: '1500',
          DARKROOM_TIMESTAMP_URL: time.url,
          DARKROOM_TIMESTAMP_TIMEOUT_MS: '2000',
          DARKROOM_TIMESTAMP_ANCHORS_FILE: time.authority.anchorFile,
        },
      }),
    )
    ground = { ...world.ground, ...stores }
    watermark = stack.use(openWatermarker({ keys: await openMarkKeys(ground.config), threads: 1 }))
  })
  after(async () => {
    await stack.disposeAsync()
    for (const { folder } of [authority, time.authority]) await rm(folder, { recursive: true, force: true })
  })
  afterEach(() => {
    kms.mood = 'well'
    time.mood = 'well'
  })

  const open = (policy: 'required' | 'preferred' | 'off' = 'required'): Promise<Signer> =>
    openConfiguredSigner(
      { ...ground.config, timestamps: { ...ground.config.timestamps, policy } },
      pino({ level: 'silent' }),
      stack,
    )
  /** Every due task of these images once, an hour after the last time. */
  async function round(marks: MarkTools, imageIds: readonly string[]): Promise<void> {
    minutes += 60
    await raw`UPDATE darkroom.clock_offset SET by = ${minutes} * interval '1 minute'`.execute(ground.database.sql)
    const tasks = await ground.database.sql
      .selectFrom('darkroom.task')
      .select(['id', 'stage'])
      .where('subject_id', 'in', imageIds)
      .execute()
    await world.growLog()
    for (const { id, stage } of tasks)
      await runTask(ground, id, (claim, signal) =>
        stage === 'mark' ? markStage(ground, marks, claim) : publishStage(ground, claim, signal),
      )
  }
  const statesOf = async (imageIds: readonly string[]) => {
    const rows = await ground.database.sql
      .selectFrom('darkroom.image')
      .select(['id', 'state'])
      .where('id', 'in', imageIds)
      .execute()
    return imageIds.map((id) => rows.find((row) => row.id === id)?.state)
  }
  const filesOf = (imageId: string) => ({
    marked: [...stores.quarantine.objects.keys()].filter((key) => key.startsWith(`${imageId}/marked-`)),
    released: [...stores.images.objects.keys()].filter((key) => key.startsWith(imageId)),
  })

  for (const [what, away] of [
    ['KMS is down', () => (kms.mood = 'down')],
    ['KMS throttles', () => (kms.mood = 'throttles')],
    ['KMS says nothing', () => (kms.mood = 'silent')],
    ['the authority on time is down', () => (time.mood = 'down')],
    ['the authority on time says nothing', () => (time.mood = 'silent')],
    ['the authority on time answers junk', () => (time.mood = 'junk')],
  ] as const)
    test(`when ${what} in the middle of marking, pictures wait unreleased for longer than their tries, and go on after`, async () => {
      const marks = { signer: await open(), watermark }
      const [first = '', ...others] = await cleared(2)
      await round(marks, [first])
      away()
      for (let tries = 0; tries <= MAX_ATTEMPTS; tries++) await round(marks, others)
      assert.deepEqual(await statesOf([first, ...others]), ['marked', 'cleared'])
      for (const id of others) assert.deepEqual(filesOf(id), { marked: [], released: [] })

      kms.mood = 'well'
      time.mood = 'well'
      await round(marks, others)
      await round(marks, [first, ...others])
      assert.deepEqual(await statesOf([first, ...others]), ['published', 'published'])
      for (const id of [first, ...others]) {
        const [key = ''] = filesOf(id).released
        const file = stores.images.objects.get(key) ?? assert.fail('it is released')
        const reading = await marks.signer.read(file.bytes, file.contentType)
        assert.ok(reading.found && reading.state === 'Trusted' && reading.timestamp?.trusted === true)
      }
    })

  test('where KMS refuses for good, a picture fails as such after its tries, unreleased', async () => {
    const marks = { signer: await open(), watermark }
    const ids = await cleared(1)
    kms.mood = 'denies'
    for (let tries = 0; tries < MAX_ATTEMPTS; tries++) await round(marks, ids)
    const row = await ground.database.sql
      .selectFrom('darkroom.image')
      .select(['state', 'failure'])
      .where('id', '=', ids[0] ?? '')
      .executeTakeFirstOrThrow()
    assert.deepEqual(row, { state: 'failed', failure: 'mark_failed' })
    assert.deepEqual(filesOf(ids[0] ?? ''), { marked: [], released: [] })
  })

  test('where a timestamp is preferred, a picture goes on without, and its record and its move say so', async () => {
    const marks = { signer: await open('preferred'), watermark }
    const [dated = '', undated = ''] = await cleared(2)
    await round(marks, [dated])
    time.mood = 'silent'
    await round(marks, [undated])
    assert.deepEqual(await statesOf([dated, undated]), ['marked', 'marked'])
    const stamp = await timestampOf(dated)
    assert.match(JSON.stringify(stamp), /"time":"[^"]+Z","signer":"Example time stamping","trusted":true/)
    assert.deepEqual(await timestampOf(undated), { missing: 'timeout' })
  })

  test('an authority on time that is away is no reason not to start, and one whose root is another is', async () => {
    time.mood = 'down'
    assert.equal((await open()).stamps, 'required')
    time.mood = 'well'
    const wrong = { ...ground.config.timestamps, anchors: authority.anchorFile }
    await assert.rejects(
      openConfiguredSigner({ ...ground.config, timestamps: wrong }, pino({ level: 'silent' }), stack),
      (error) => isFault(error, 'config_invalid') && error.field === 'DARKROOM_TIMESTAMP_ANCHORS_FILE',
    )
  })

  /** As if the authority had another root since. */
  const elsewhere = (signer: Signer): Signer => {
    const trust = { ...signer.trust, timestampAnchorsPem: authority.anchorPem }
    return { ...signer, trust, read: (bytes, mimeType) => readManifest(bytes, mimeType, trust) }
  }

  test('a timestamp by another authority than the named one is waited over where one is required, until its root is named', async () => {
    const signer = await open()
    const ids = await cleared(1)
    for (let tries = 0; tries <= MAX_ATTEMPTS; tries++) await round({ signer: elsewhere(signer), watermark }, ids)
    assert.deepEqual(await statesOf(ids), ['cleared'])
    assert.deepEqual(filesOf(ids[0] ?? ''), { marked: [], released: [] })
    await round({ signer, watermark }, ids)
    assert.deepEqual(await statesOf(ids), ['marked'])
  })

  test('a timestamp by another authority than the named one counts for none where one is preferred', async () => {
    const [id = ''] = await cleared(1)
    await round({ signer: elsewhere(await open('preferred')), watermark }, [id])
    assert.deepEqual(await statesOf([id]), ['marked'])
    assert.deepEqual(await timestampOf(id), { missing: 'untrusted' })
  })

  test('what came back without a timestamp is not released where one is required', async () => {
    const undated = await open('off')
    const careless: Signer = { ...(await open()), sign: (...given) => undated.sign(...given) }
    const ids = await cleared(1)
    await round({ signer: careless, watermark }, ids)
    assert.deepEqual(await statesOf(ids), ['failed'])
    assert.deepEqual(filesOf(ids[0] ?? ''), { marked: [], released: [] })
  })

  /** What the record and the move say, which must be the same. */
  async function timestampOf(imageId: string): Promise<unknown> {
    const { rows } = await raw<{ record: unknown; move: unknown }>`
      SELECT image.marked->'timestamp' AS record, move.facts->'record'->'timestamp' AS move
        FROM darkroom.image JOIN darkroom.move ON move.subject_id = image.id AND move.kind = 'image.marked'
       WHERE image.id = ${imageId}`.execute(ground.database.sql)
    const [told] = rows
    assert.deepEqual(told?.record, told?.move)
    return told?.record
  }

  /** Images that are cleared, each with its picture in the quarantine and a task to mark it. */
  async function cleared(n: number): Promise<string[]> {
    const { requestId, imageIds } = await queueRequest(world, world.tenants[0], { n })
    const bytes = await imageOf(await cartoon(n))
      .png()
      .toBuffer()
    for (const id of imageIds)
      await stores.quarantine.putIfAbsent(generatedKey(id), { bytes, contentType: 'image/png' })
    await ground.database.transact(async (tx) => {
      await raw`DELETE FROM darkroom.task WHERE subject_id = ${requestId}`.execute(tx)
      await raw`UPDATE darkroom.request SET state = 'generating', attempt = 1 WHERE id = ${requestId}`.execute(tx)
      await raw`UPDATE darkroom.image SET state = 'cleared', verdict = '{}', generated_digest = ${sha256(bytes)}
                 WHERE request_id = ${requestId}`.execute(tx)
      for (const subjectId of imageIds)
        await addTask(tx, { tenantId: world.tenants[0].id, subject: 'image', subjectId, stage: 'mark' })
    })
    return imageIds
  }
})
