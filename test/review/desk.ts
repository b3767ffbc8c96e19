// A review desk on the real API: four reviewers and a lead with keys of their own, and items of every kind about real pictures and
// prompts of the first client. Time is moved by the records' own clock.
import { sql as raw } from 'kysely'
import sharp from 'sharp'
import { sha256 } from '../../src/kernel/canonical.ts'
import { newId } from '../../src/kernel/ids.ts'
import { generatedKey } from '../../src/kernel/quarantine.ts'
import type { ReviewKind } from '../../src/kernel/review-tables.ts'
import { addItem, type NewItem } from '../../src/review/item.ts'
import { openAdministration } from '../http/administration.ts'
import { FORBIDDEN } from '../http/service.ts'

export const GRAPHIC = 'violence/graphic/3'
export const FINDINGS = { shown: 'an open wound', extent: 'in the middle of the picture' }
export const PROMPT = 'a harbour at dusk with one bright lantern'
/** What software said of every picture here. */
export const SCORES = { 'violence/graphic': 0.4321, weapons: 0.1234 }

export type Made = { id: string; requestId: string; imageId: string | null }
export type Desk = Awaited<ReturnType<typeof openDesk>>
type Call = { as?: string; key?: string; method?: string; body?: unknown }

export async function openDesk(...given: Parameters<typeof openAdministration>) {
  const { service, call, operatorId, clientTenant, secondTenant, notesOf, newKey, ...rest } = await openAdministration(
    ...given,
  )
  const { sql, transact } = service.ground.database
  const keys = new Map<string, string>()
  const ids = new Map<string, string>()

  async function addPerson(name: string, roles: string[]): Promise<string> {
    const { body } = await call(`/v1/admin/tenants/${operatorId}/people`, { body: { name: `Person ${name}`, roles } })
    const { key } = await newKey(operatorId, { name, roles, person_id: body.id })
    keys.set(name, key)
    ids.set(name, body.id)
    return body.id
  }
  // The lead of the first start would be one more whom a test must count.
  await raw`UPDATE darkroom.person SET deactivated_at = darkroom.now() WHERE 'lead' = ANY (roles)`.execute(sql)
  for (const name of ['ada', 'bea', 'cy', 'dan']) await addPerson(name, ['reviewer'])
  await addPerson('lead', ['lead'])

  /** As a person of this desk, or as a key of the service's file. */
  function as(path: string, who: string, init: Call = {}) {
    const key = keys.get(who)
    return call(path, key === undefined ? { ...init, as: who } : { ...init, key })
  }

  async function picture(shade: number): Promise<Buffer> {
    const background = { r: shade, g: 90, b: 160 }
    const dot = await sharp({ create: { width: 8, height: 8, channels: 3, background: '#fff' } })
      .png()
      .toBuffer()
    return sharp({ create: { width: 128, height: 128, channels: 3, background } })
      .composite([{ input: dot, left: 60, top: 60 }])
      .png()
      .toBuffer()
  }

  /** Pictures of one request, each ended as asked, whose sealed originals are whole. */
  async function pictures(ends: readonly ('published' | 'held' | 'denied')[], owner = 'client') {
    const { requestId } = await service.admit({ prompt: PROMPT, n: ends.length, purpose: 'education' }, owner)
    await service.develop(requestId, ends)
    const images = await sql
      .selectFrom('darkroom.image')
      .select('id')
      .where('request_id', '=', requestId)
      .orderBy('position')
      .execute()
    for (const [index, { id }] of images.entries()) {
      const bytes = await picture(40 * index)
      await service.ground.quarantine.remove(generatedKey(id))
      await service.ground.quarantine.putIfAbsent(generatedKey(id), { bytes, contentType: 'image/png' })
      const verdict = { verdict: 'hold', reason: 'hold_band', scores: SCORES, policy: { version: '1.0.0' } }
      await sql
        .updateTable('darkroom.image')
        .set({ generated_digest: sha256(bytes), verdict: JSON.stringify(verdict) })
        .where('id', '=', id)
        .execute()
    }
    return { requestId, imageIds: images.map((image) => image.id) }
  }

  function add(item: Partial<NewItem> & { kind: ReviewKind; requestId: string }): Promise<string> {
    const common = { tenantId: clientTenant, category: 'violence/graphic', clause: GRAPHIC }
    return transact((tx) => addItem(tx, service.review, { ...common, ...item }))
  }

  async function appealOf(statementId: string, requestId: string, imageId: string | null): Promise<string> {
    const id = newId('apl')
    await sql
      .insertInto('darkroom.appeal')
      .values({
        id,
        tenant_id: clientTenant,
        statement_id: statementId,
        state: 'open',
        request_id: requestId,
        image_id: imageId,
        clause: GRAPHIC,
        text: 'it teaches nurses how to dress a wound',
        purpose: 'medical',
      })
      .execute()
    return id
  }

  async function statementOf(table: 'darkroom.image' | 'darkroom.request', id: string): Promise<string> {
    const row = await sql.selectFrom(table).select('statement_id').where('id', '=', id).executeTakeFirstOrThrow()
    if (row.statement_id === null) throw new Error('nothing was refused here')
    return row.statement_id
  }

  /** One item of a kind, about a picture. */
  async function make(kind: ReviewKind, more: Partial<NewItem> = {}): Promise<Made> {
    const end = { appeal: 'denied', audit: 'published', report: 'published' } as const
    const { requestId, imageIds } = await pictures([kind in end ? Reflect.get(end, kind) : 'held'])
    const imageId = imageIds[0] ?? ''
    const item: Partial<NewItem> = {}
    if (kind === 'appeal')
      item.appealId = await appealOf(await statementOf('darkroom.image', imageId), requestId, imageId)
    if (kind === 'gold') item.expected = { outcome: 'deny', clause: GRAPHIC }
    if (kind === 'report') {
      item.reportId = newId('rep')
      await sql
        .insertInto('darkroom.report')
        .values({
          id: item.reportId,
          tenant_id: clientTenant,
          image_id: imageId,
          category: 'illegal',
          text: 'this shows my house',
          email: 'someone@example.org',
        })
        .execute()
    }
    const id = await add({ kind, requestId, imageId, contentDigest: `digest of ${imageId}`, ...item, ...more })
    return { id, requestId, imageId }
  }

  /** The appeal of a prompt that was refused. */
  async function makePromptAppeal(): Promise<Made> {
    const { requestId } = await service.admit({ prompt: FORBIDDEN })
    const appealId = await appealOf(await statementOf('darkroom.request', requestId), requestId, null)
    const id = await add({ kind: 'appeal', requestId, appealId, clause: 'violence/graphic/2' })
    return { id, requestId, imageId: null }
  }

  const claim = (who: string, id: string) => as(`/v1/review/items/${id}/claim`, who, { method: 'POST' })
  /** Claims, and answers the token. */
  async function hold(who: string, id: string): Promise<string> {
    const { status, body } = await claim(who, id)
    if (status !== 200) throw new Error(`${who} did not get ${id}: ${status} ${JSON.stringify(body)}`)
    return body.lease.token
  }
  const decide = (who: string, id: string, body: object) => as(`/v1/review/items/${id}/decide`, who, { body })
  /** Claims and allows, naming a reason. */
  async function allow(who: string, id: string, reason: string | null = 'not_depicted') {
    const { status, body } = await decide(who, id, { lease: await hold(who, id), outcome: 'allow', reason })
    if (status !== 200) throw new Error(`${who} could not allow ${id}: ${status} ${JSON.stringify(body)}`)
    return body
  }

  return {
    ...rest,
    service,
    call,
    as,
    id: (who: string): string => ids.get(who) ?? '',
    key: (who: string): string => keys.get(who) ?? '',
    addPerson,
    operatorId,
    clientTenant,
    secondTenant,
    notesOf,
    pictures,
    add,
    make,
    makePromptAppeal,
    claim,
    hold,
    decide,
    allow,
    row: (id: string) =>
      sql.selectFrom('darkroom.review_item').selectAll().where('id', '=', id).executeTakeFirstOrThrow(),
    /** Sets the clock so many seconds ahead of the real one. */
    clock: async (seconds: number) => {
      await raw`UPDATE darkroom.clock_offset SET by = ${seconds} * interval '1 second'`.execute(sql)
    },
    /** Closes whatever is open, so that each test has a queue of its own. */
    clear: async () => {
      await raw`UPDATE darkroom.clock_offset SET by = interval '0'`.execute(sql)
      await raw`UPDATE darkroom.review_item SET state = 'closed', closed_at = darkroom.now(), effect_at = NULL,
                  lease_person = NULL, lease_hash = NULL, lease_until = NULL, ruling = '{"outcome":"omit","reason":"test"}'
                 WHERE state <> 'closed'`.execute(sql)
      for (const table of ['reviewer', 'review_shift', 'review_skip', 'review_handover'])
        await raw`DELETE FROM ${raw.table(`darkroom.${table}`)}`.execute(sql)
    },
  }
}
