// What the service's own stages write into released files: the operator's settings arrive, nothing of who asked for what does, and a
// reader of metadata that is not ours (exiftool) finds each field where its standard has it, in every format.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import sharp from 'sharp'
import { openMarkTools } from '../../src/commands/parts.ts'
import { SYSTEM } from '../../src/kernel/version.ts'
import { markPreview } from '../../workers/gpu.ts'
import { ALLOWED, CARD } from '../http/service.ts'
import { suiteOn } from '../support/services.ts'
import { tools } from '../support/tools.ts'
import { FORMATS } from './outputs.ts'
import { cartoon } from './pictures.ts'
import { openPublishing, type Publishing } from './publishing.ts'

const run = promisify(execFile)
const NAME = 'Example <Pictures> & "Söhne"'
const PRODUCER = '001191110102MACQD9K640'
const ENV = {
  DARKROOM_PROVIDER_NAME: NAME,
  DARKROOM_TC260_PRODUCER: PRODUCER,
  DARKROOM_TRAINING_MINING: 'notAllowed',
  DARKROOM_PUBLIC_URL: 'https://pictures.example',
}
const PRIVATE = { prompt: 'zebrafinch', negative_prompt: 'quagmire', user: 'user-4711', key: 'idem-0815' }

type Released = { id: string; bytes: Buffer; createdAt: Date; secrets: string[] }

let publishing: Publishing
const released = new Map<(typeof FORMATS)[number], Released>()

before(async () => {
  publishing = await openPublishing({ env: ENV })
  for (const format of FORMATS) released.set(format, await release(format))
})
after(async () => publishing[Symbol.asyncDispose]())

async function release(format: (typeof FORMATS)[number]): Promise<Released> {
  const { court, service, sql } = publishing
  const asked = await service.call('/v1/generations', {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': `${PRIVATE.key}-${format}` },
    body: JSON.stringify({
      prompt: `${ALLOWED}, ${PRIVATE.prompt}`,
      negative_prompt: PRIVATE.negative_prompt,
      user: PRIVATE.user,
      seed: 987_654_321,
      output_format: format,
    }),
  })
  assert.equal(asked.status, 202)
  const { id: requestId } = await asked.json()
  const [id = ''] = await court.develop(requestId, [{}])
  await court.finish()
  const row = await sql.selectFrom('darkroom.image').selectAll().where('id', '=', id).executeTakeFirstOrThrow()
  const { bytes } = await service.ground.images.get(row.object_key ?? '')
  const secrets = [...Object.values(PRIVATE), '987654321', requestId, row.tenant_id, service.key('client')]
  return { id, bytes: Buffer.from(bytes), createdAt: row.created_at, secrets }
}

test('the settings of the deployment are in the manifest and the XMP of what it releases', async () => {
  for (const [format, { id, bytes }] of released) {
    const { xmpAsString = '' } = await sharp(bytes).metadata()
    assert.match(xmpAsString, /<rdf:li>Example &lt;Pictures&gt; &amp; &quot;Söhne&quot;<\/rdf:li>/, format)
    for (const said of [id, PRODUCER, 'https://pictures.example/verify', 'DMI-PROHIBITED'])
      assert.ok(xmpAsString.includes(said), `${format}: ${said}`)
    for (const said of [id, NAME, 'https://pictures.example/verify', 'cawg.ai_generative_training', 'notAllowed'])
      assert.ok(bytes.includes(said), `${format}: ${said}`)
  }
})

test('a preview says the same of its origin, and is told apart by its title', async () => {
  await using stack = new AsyncDisposableStack()
  const { ground } = publishing.court
  const mark = markPreview(ground, await openMarkTools(ground.config, ground.log, stack))
  const order = await publishing.sql
    .selectFrom('darkroom.request as request')
    .innerJoin('darkroom.tenant as tenant', 'tenant.id', 'request.tenant_id')
    .selectAll('request')
    .select(['tenant.previews_allowed', 'tenant.policy as policy_settings'])
    .executeTakeFirstOrThrow()
  const image = { id: 'img_of_a_preview', markId: 4711, createdAt: new Date(), index: 1 }
  const { bytes } = await mark(image, await cartoon(70), order)
  for (const said of ['img_of_a_preview (preview 2)', NAME, 'https://pictures.example/verify', 'cawg.training-mining'])
    assert.ok(bytes.includes(said), said)
})

test('nothing of the prompt, the user, the tenant, the request or its keys is in a released file', async () => {
  for (const [format, { bytes, secrets }] of released) {
    const { xmpAsString = '' } = await sharp(bytes).metadata()
    for (const secret of secrets) {
      assert.ok(secret.length > 6, secret)
      assert.ok(!bytes.includes(secret) && !xmpAsString.includes(secret), `${format}: ${secret}`)
    }
  }
})

suiteOn('metadata that exiftool reads', await tools('exiftool'), ({ exiftool }) => {
  let folder: string
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'darkroom-exiftool-'))
  })
  after(async () => rm(folder, { recursive: true, force: true }))

  test('each field of the disclosure is found by its name, without a complaint', async () => {
    for (const [format, { id, bytes, createdAt }] of released) {
      const file = join(folder, `released.${format}`)
      await writeFile(file, bytes)
      const told = await run(exiftool, ['-json', '-G1', '-XMP:all', '-warning', '-error', '-n', file])
      const [{ SourceFile, ...read }] = JSON.parse(told.stdout)
      assert.equal(SourceFile, file)
      const label = JSON.parse(read['XMP-TC260:Aigc'] ?? read['XMP-TC260:AIGC'])
      assert.deepEqual([label.Label, label.ContentProducer, label.ProduceID], ['1', PRODUCER, id], format)
      const when = createdAt.toISOString().slice(0, 19).replaceAll('-', ':').replace('T', ' ')
      assert.deepEqual(
        {
          provider: read['XMP-dc:Publisher'],
          check: read['XMP-dc:Relation'],
          id: read['XMP-dc:Identifier'],
          system: read['XMP-xmp:CreatorTool'],
          when: read['XMP-xmp:CreateDate'],
          source: read['XMP-iptcExt:DigitalSourceType'],
          model: [read['XMP-iptcExt:AISystemUsed'], read['XMP-iptcExt:AISystemVersionUsed']],
          mining: String(read['XMP-plus:DataMining']).replace(/.*\//, ''),
          problems: [read['ExifTool:Warning'], read['ExifTool:Error']],
        },
        {
          provider: NAME,
          check: 'https://pictures.example/verify',
          id,
          system: `${SYSTEM.name} ${SYSTEM.version}`,
          when: `${when}Z`,
          source: 'http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia',
          model: [CARD.id, CARD.version],
          mining: 'DMI-PROHIBITED',
          problems: [undefined, undefined],
        },
        format,
      )
    }
  })
})
