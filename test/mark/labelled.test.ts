// Pictures with a visible label, made and published by the service's own stages: who gets one, and that manifest, mark and record know it.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { sql as raw } from 'kysely'
import { openMarkTools } from '../../src/commands/parts.ts'
import { beginGenerating } from '../../src/generate/records.ts'
import { readConfig } from '../../src/kernel/config.ts'
import { isFault } from '../../src/kernel/fault.ts'
import { generatedKey } from '../../src/kernel/quarantine.ts'
import { claimTask } from '../../src/kernel/tasks.ts'
import { drawLabel } from '../../src/mark/label/label.ts'
import type { MarkTools } from '../../src/mark/mark.ts'
import { markImage } from '../../src/mark/mark.ts'
import { labelStyle } from '../../src/mark/stage.ts'
import { markPreview } from '../../workers/gpu.ts'
import { ALLOWED, json } from '../http/service.ts'
import { openVoices, UNDO_SECONDS } from '../review/voices.ts'
import { boxOf, measure } from './lettering.ts'
import { cartoon, pixelsOf, imageOf as sharpOf, textured } from './pictures.ts'
import { openPublishing, type Published, type Publishing } from './publishing.ts'

let asked: Publishing
let always: Publishing
let tools: MarkTools
let stack: AsyncDisposableStack
before(async () => {
  stack = new AsyncDisposableStack()
  asked = stack.use(await openPublishing())
  tools = await openMarkTools(asked.service.ground.config, asked.service.ground.log, stack)
  always = stack.use(await openPublishing({ env: { DARKROOM_LABEL: 'always', DARKROOM_LABEL_TEXT: 'Made by AI' } }))
})
after(() => stack.disposeAsync())

const imageOf = async ({ service }: Publishing, { id }: Published) => (await service.call(`/v1/images/${id}`)).json()
/** Of the corner where a label is, how much of it is as dark as its plate. */
async function plateShare(bytes: Buffer): Promise<number> {
  const { width, height, rgb } = await pixelsOf(bytes)
  let dark = 0
  for (let y = height - 22; y < height - 5; y++)
    for (let x = width - 60; x < width - 5; x++)
      if ([0, 1, 2].every((c) => (rgb[(y * width + x) * 3 + c] ?? 255) < 60)) dark++
  return dark / (17 * 55)
}

for (const format of ['png', 'jpeg', 'webp'] as const)
  test(`an order that asks for a label gets it as ${format}; it is ours by mark, manifest and record, which all know the label`, async () => {
    const picture = await asked.publish(format, { label: true })
    assert.ok((await plateShare(picture.bytes)) > 0.4)
    const { provenance, request_id } = await imageOf(asked, picture)
    assert.equal(provenance.label, 'AI-generated')
    assert.equal((await (await asked.service.call(`/v1/generations/${request_id}`)).json()).label, true)
    assert.match(picture.bytes.toString('latin1'), /c2pa\.addedText[\s\S]*A visible label: AI-generated/)

    const body = new FormData()
    body.set('file', new Blob([new Uint8Array(picture.bytes)]), 'picture')
    const checked = await asked.service.call('/v1/provenance/verify', { method: 'POST', body, as: null })
    const { verdict, watermark, record } = await checked.json()
    assert.deepEqual([verdict, watermark.read, record.image_id], ['ours', true, picture.id])
  })

test('the picture as it was drawn stays without, and so does one whose order does not ask', async () => {
  const labelled = await asked.publish('png', { label: true })
  const drawn = await asked.service.ground.quarantine.get(generatedKey(labelled.id))
  assert.deepEqual((await pixelsOf(Buffer.from(drawn.bytes))).rgb, labelled.original.rgb)
  for (const more of [{}, { label: false }, { label: null }]) {
    const plain = await asked.publish('png', more)
    assert.equal((await imageOf(asked, plain)).provenance.label, null)
    assert.doesNotMatch(plain.bytes.toString('latin1'), /c2pa\.addedText/)
  }
  const odd = await asked.service.call('/v1/generations', json({ prompt: ALLOWED, label: 'mine' }))
  assert.deepEqual([odd.status, (await odd.json()).field], [400, 'label'])
})

test('where every picture carries one, none can be had without, and what was ordered before carries it too', async () => {
  const { sql, service, court } = always
  const picture = await always.publish()
  assert.equal((await imageOf(always, picture)).provenance.label, 'Made by AI')
  const refused = await service.call('/v1/generations', json({ prompt: ALLOWED, label: false }))
  assert.deepEqual([refused.status, (await refused.json()).field], [400, 'label'])

  const { requestId } = await service.admit({ prompt: ALLOWED })
  await raw`UPDATE darkroom.request SET label = false WHERE id = ${requestId}`.execute(sql)
  const [id = ''] = await court.develop(requestId, [{}])
  await court.finish()
  const { marked } = await sql
    .selectFrom('darkroom.image')
    .select('marked')
    .where('id', '=', id)
    .executeTakeFirstOrThrow()
  assert.equal(JSON.parse(JSON.stringify(marked)).label, 'Made by AI')
  assert.equal(labelStyle(service.ground.config, false)?.text, 'Made by AI')
})

test('a denied picture that an appeal releases carries the label that was asked for', async () => {
  const { service, court } = asked
  const { judge, appealOf } = openVoices(court)
  const { requestId } = await service.admit({ prompt: ALLOWED, label: true })
  const [id = ''] = await court.develop(requestId, [{ 'violence/graphic': 0.99 }])
  assert.equal(await court.stateOf('image', id), 'denied')
  const { statement_id } = await asked.sql
    .selectFrom('darkroom.image')
    .select('statement_id')
    .where('id', '=', id)
    .executeTakeFirstOrThrow()
  assert.equal((await appealOf(statement_id ?? '')).status, 201)
  for (const who of ['ben', 'cleo'] as const) {
    await judge(who, 'allow')
    await court.pass(UNDO_SECONDS)
  }
  await court.finish()
  const { state, provenance } = await (await service.call(`/v1/images/${id}`)).json()
  assert.deepEqual([state, provenance?.label], ['published', 'AI-generated'])
})

for (const [width, height] of [
  [128, 128],
  [512, 128],
  [1024, 1024],
] as const)
  test(`at ${width} × ${height} a label is legible in the finished file, and the mark is read all the same`, async () => {
    const drawn = await textured(width, Math.max(width, height))
    const picture = await pixelsOf(sharpOf(drawn).extract({ left: 0, top: 0, width, height }))
    const style = labelStyle(asked.service.ground.config, true) ?? assert.fail('it was asked for')
    const box = boxOf(picture, await drawLabel(picture, style))
    for (const outputFormat of ['png', 'jpeg'] as const) {
      const order = {
        picture,
        imageId: 'img_label',
        markId: 4711,
        outputFormat,
        compression: null,
        parent: null,
        label: style,
      }
      const system = { name: 'Darkroom', version: '0.1.0' }
      const model = { id: 'storybook', version: '1.0.0' }
      const { bytes, label } = await markImage({ ...order, system, model, createdAt: new Date(0) }, tools)
      assert.equal(label, style.text)
      const finished = await pixelsOf(bytes)
      const { letters, contrast } = measure(finished, box)
      assert.ok(letters >= (Math.min(width, height) * 5) / 100, `${outputFormat}: ${letters} pixels`)
      assert.ok(contrast >= 4.5, `${outputFormat}: ${contrast} to 1`)
      const reading = await tools.watermark.read(finished, { search: 'quick' })
      assert.equal(reading.decoded?.markId, 4711)
    }
  })

test('a preview carries the label that its picture will carry', async () => {
  const { ground } = asked.service
  const { requestId } = await asked.service.admit({ prompt: ALLOWED, label: true, previews: 1 })
  const { id } = await asked.sql
    .selectFrom('darkroom.task')
    .select('id')
    .where('subject_id', '=', requestId)
    .executeTakeFirstOrThrow()
  const claim = (await claimTask(asked.sql, id, 60_000)) ?? assert.fail('it is due')
  const order = (await beginGenerating(ground, claim)) ?? assert.fail('it is queued')
  const preview = { id: 'img_preview', markId: 4712, createdAt: new Date(0), index: 0 }
  const { bytes } = await markPreview(ground, tools)(preview, await cartoon(5), order)
  assert.ok((await plateShare(bytes)) > 0.4)
})

test('what a label says and how high it is are checked at the start', () => {
  for (const [name, value] of [
    ['DARKROOM_LABEL_TEXT', 'x'.repeat(41)],
    ['DARKROOM_LABEL_TEXT', 'a\u202eb'],
    ['DARKROOM_LABEL_TEXT', 'مولّد بالذكاء الاصطناعي'],
    ['DARKROOM_LABEL_TEXT', 'एआई द्वारा निर्मित'],
    ['DARKROOM_LABEL_TEXT', 'AI ไทย'],
    ['DARKROOM_LABEL_TEXT', 'ge\u0301ne\u0301re\u0301'],
    ['DARKROOM_LABEL_HEIGHT_PERCENT', '4'],
    ['DARKROOM_LABEL', 'never'],
  ] as const)
    assert.throws(
      () => readConfig({ [name]: value }),
      (error) => isFault(error, 'config_invalid') && error.message.includes(name),
      value,
    )
  for (const words of ['AI-généré – 100 %', 'Создано ИИ', 'Δημιουργία ΤΝ', 'AI生成。', 'AIで生成したデータ', 'AI 생성'])
    assert.equal(readConfig({ DARKROOM_LABEL_TEXT: words }).label.text, words)
})
