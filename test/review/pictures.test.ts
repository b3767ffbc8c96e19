// The picture of an item: a blurred derivative until its reviewer asks for more, which is written down; never for anybody else.
import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import { sql as raw } from 'kysely'
import sharp from 'sharp'
import { EVERYTHING } from '../support/reviewing.ts'
import { type Desk, FINDINGS, GRAPHIC, openDesk, PROMPT } from './desk.ts'

let desk: Desk
before(async () => {
  desk = await openDesk()
})
after(() => desk[Symbol.asyncDispose]())
afterEach(() => desk.clear())

async function picture(who: string, id: string, query = '') {
  const answer = await fetch(`${desk.service.url}/v1/review/items/${id}/picture${query}`, {
    headers: { authorization: `Bearer ${desk.key(who)}` },
  })
  const bytes = Buffer.from(await answer.arrayBuffer())
  return { status: answer.status, headers: answer.headers, bytes }
}
const reveal = (who: string, id: string, what: string) =>
  desk.as(`/v1/review/items/${id}/reveal`, who, { body: { what } })
const revealsOf = (id: string) =>
  desk.service.ground.database.sql
    .selectFrom('darkroom.review_reveal')
    .select(['person_id', 'what'])
    .where('item_id', '=', id)
    .orderBy('id')
    .execute()

/** How much the picture varies: what is blurred is flat where the original has an edge. */
async function contrast(bytes: Buffer): Promise<number> {
  const { channels } = await sharp(bytes).greyscale().stats()
  return channels[0]?.stdev ?? 0
}

test('the picture is blurred, small enough, and kept by no cache', async () => {
  const { id } = await desk.make('hold')
  await desk.hold('ada', id)
  const { status, headers, bytes } = await picture('ada', id, '?size=64')
  assert.equal(status, 200)
  assert.equal(headers.get('content-type'), 'image/webp')
  assert.equal(headers.get('cache-control'), 'no-store')
  const { width, height } = await sharp(bytes).metadata()
  assert.deepEqual([width, height], [64, 64])
  for (const view of ['grey', 'original'])
    assert.equal((await picture('ada', id, `?view=${view}`)).status, 403, 'not before it is asked for')
  const blurred = await contrast((await picture('ada', id)).bytes)
  await reveal('ada', id, 'picture')
  const original = await contrast((await picture('ada', id, '?view=original')).bytes)
  assert.ok(blurred < original / 2, `${blurred} against ${original}`)
})

test('after a reveal its views are there for that person alone, and the reveal is written down', async () => {
  const { id } = await desk.make('hold')
  await desk.hold('ada', id)
  const revealed = (await reveal('ada', id, 'picture')).body
  assert.deepEqual(Object.keys(revealed.pictures), ['blurred', 'grey', 'original'])
  for (const path of Object.values<string>(revealed.pictures))
    assert.equal((await picture('ada', id, path.slice(path.indexOf('?')))).status, 200, path)
  const { bytes, headers } = await picture('ada', id, '?view=original')
  assert.equal(headers.get('content-type'), 'image/png')
  assert.equal((await sharp(bytes).metadata()).width, 128)
  const grey = await sharp((await picture('ada', id, '?view=grey')).bytes).stats()
  const means = grey.channels.slice(0, 3).map((channel) => channel.mean)
  assert.ok(Math.max(...means) - Math.min(...means) < 1, 'grey has no colour')
  assert.equal((await picture('lead', id, '?view=original')).status, 403, 'another’s reveal is not one’s own')
  assert.deepEqual(await revealsOf(id), [{ person_id: desk.id('ada'), what: 'picture' }])
  const prompt = (await reveal('ada', id, 'prompt')).body
  assert.equal(prompt.prompt.text, PROMPT)
  assert.equal((await revealsOf(id)).length, 2)
  assert.equal((await reveal('ada', id, 'input')).status, 404)
  assert.equal((await revealsOf(id)).length, 2, 'what is not there is not revealed')
})

test('nobody sees the picture but who holds it, who can still take their verdict back, and leads', async () => {
  const { id } = await desk.make('hold')
  assert.equal((await picture('ada', id)).status, 403)
  assert.equal((await reveal('ada', id, 'picture')).status, 403)
  await desk.allow('ada', id)
  assert.equal((await picture('ada', id)).status, 200)
  assert.equal((await picture('bea', id)).status, 403)
  assert.equal((await picture('lead', id)).status, 200)
  await desk.clock(61)
  assert.equal((await picture('ada', id)).status, 403)
  assert.equal((await reveal('ada', id, 'picture')).status, 403)
  assert.equal((await desk.as(`/v1/review/items/${id}`, 'ada')).status, 200, 'the record of it stays theirs')
})

test('of what is restricted there is no picture and no prompt before a reveal, and never neighbours', async () => {
  await desk.addPerson('rae', ['reviewer'])
  await desk.call(`/v1/review/people/${desk.id('rae')}`, {
    method: 'PUT',
    body: {
      ...EVERYTHING,
      restricted: true,
    },
  })
  const { id } = await desk.make('escalation', {
    restricted: true,
    category: 'sexual/minors',
    clause: 'sexual/minors/1',
  })
  const { item, lease } = (await desk.claim('rae', id)).body
  assert.equal(item.lane, 'restricted')
  assert.equal(item.picture, null)
  assert.equal(item.prompt.text, null)
  assert.deepEqual(item.alike, [])
  assert.deepEqual(
    item.choices.clauses.map((one: { id: string }) => one.id),
    ['sexual/minors/1'],
  )
  assert.equal((await picture('rae', id)).status, 403)
  assert.equal((await reveal('rae', id, 'picture')).status, 200)
  assert.equal((await picture('rae', id)).status, 200)
  const decided = await desk.decide('rae', id, { lease: lease.token, outcome: 'deny', clause: 'sexual/minors/1' })
  assert.deepEqual([decided.status, decided.body.field ?? null], [200, null])
  const { disclosed } = (await desk.as(`/v1/review/items/${id}`, 'rae')).body
  assert.deepEqual([disclosed.similar, disclosed.siblings], [[], []])
})

test('a published picture is seen as one that was held is, and an erased one not at all', async () => {
  const { id, imageId } = await desk.make('audit')
  await desk.hold('ada', id)
  const { status, headers } = await picture('ada', id)
  assert.equal(status, 200)
  assert.equal(headers.get('content-type'), 'image/webp')
  await desk.service.ground.database.sql
    .updateTable('darkroom.image')
    .set({ erased_at: new Date() })
    .where('id', '=', imageId ?? '')
    .execute()
  assert.equal((await picture('ada', id)).status, 410)
  assert.equal((await reveal('ada', id, 'picture')).status, 410)
  const { erased, picture: path } = (await desk.as(`/v1/review/items/${id}`, 'ada')).body
  assert.deepEqual([erased, path], [true, null])
})

test('a picture that was handed in is shown where it was refused, and comes on demand where something was made of it', async () => {
  const { sql } = desk.service.ground.database
  const bytes = await sharp({ create: { width: 96, height: 64, channels: 3, background: '#a33' } })
    .png()
    .toBuffer()
  const handIn = async (requestId: string) => {
    const key = `${requestId}/input-0`
    await desk.service.ground.quarantine.putIfAbsent(key, { bytes, contentType: 'image/png' })
    await sql
      .insertInto('darkroom.input')
      .values({
        request_id: requestId,
        kind: 'image',
        position: 0,
        object_key: key,
        digest: 'd',
        width: 96,
        height: 64,
      })
      .execute()
  }
  const made = await desk.make('hold')
  await handIn(made.requestId)
  assert.equal((await desk.claim('ada', made.id)).body.item.has_input, true)
  assert.equal((await picture('ada', made.id, '?of=input')).status, 403)
  const { pictures } = (await reveal('ada', made.id, 'input')).body
  const input = await picture('ada', made.id, pictures.original.slice(pictures.original.indexOf('?')))
  assert.equal((await sharp(input.bytes).metadata()).width, 96)
  assert.equal((await picture('ada', made.id, '?view=original')).status, 403, 'the picture itself was not asked for')

  const refused = await desk.makePromptAppeal()
  await handIn(refused.requestId)
  await raw`UPDATE darkroom.statement SET record = record || '{"inputKind":"image"}'
             WHERE subject_id = ${refused.requestId}`.execute(sql)
  const { item, lease } = (await desk.claim('ada', refused.id)).body
  assert.deepEqual(item.subject, { kind: 'image', width: 96, height: 64 })
  assert.equal(item.prompt.text, null)
  assert.equal((await picture('ada', refused.id)).status, 200)
  const decided = await desk.decide('ada', refused.id, {
    lease: lease.token,
    outcome: 'deny',
    clause: GRAPHIC,
    findings: FINDINGS,
  })
  assert.equal(decided.status, 200, 'it is judged by a clause that speaks of pictures')
})
