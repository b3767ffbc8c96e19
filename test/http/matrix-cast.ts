// Everybody who may knock, and real things of the first tenant for every parameter that a path can have.
import { sql as raw } from 'kysely'
import sharp from 'sharp'
import { runExport } from '../../src/audit/export-job.ts'
import { readLogState } from '../../src/audit/log-records.ts'
import { REPORT_NAMES } from '../../src/audit/reports/report.ts'
import { runRound } from '../../src/audit/sequencer.ts'
import { tilePath } from '../../src/audit/tiles.ts'
import { sha256 } from '../../src/kernel/canonical.ts'
import { MARK_ALGORITHM } from '../../src/mark/watermark/algorithm.ts'
import type { Role } from '../../src/tenant/roles.ts'
import { withPngChunk } from '../mark/surgery.ts'
import type { Actor, Params, Thing } from './matrix-people.ts'
import { openReviewing } from './matrix-review.ts'
import { ALLOWED, FORBIDDEN, json, type Service } from './service.ts'

/** Of pictures that a caller waits for: somebody must develop them. */
export const WAITED = 'a green boat that somebody waits for'

type Json = Record<string, unknown> & { id: string }

export type Cast = Awaited<ReturnType<typeof openCast>>

export async function openCast(service: Service, receiverUrl: string) {
  const { sql } = service.ground.database
  /** Ids of the first tenant's things, none of which anybody else may be told. */
  const made = new Set<string>()
  const idOf = (as: string) => fetchJson('/v1/me', { as }).then(({ tenant }) => String(Object(tenant).id))
  async function fetchJson(path: string, init: RequestInit & { as?: string } = {}): Promise<Json> {
    const response = await service.call(path, init)
    const body = await response.json()
    if (!response.ok) throw new Error(`${path}: ${response.status} ${JSON.stringify(body)}`)
    return body
  }
  const ours = (id: unknown): string => {
    made.add(String(id))
    return String(id)
  }
  const asAdmin = (path: string, body: object, method = 'POST') =>
    fetchJson(path, { ...json(body), method, as: 'admin' })
  const keyFor = (tenant: string, roles: Role[], name = 'a key') =>
    asAdmin(`/v1/admin/tenants/${tenant}/keys`, { name, roles })

  const first = ours(await idOf('client'))
  const second = await idOf('second_client')
  const closed = (await asAdmin('/v1/admin/tenants', { name: 'Closed' })).id
  const bearer = (text: unknown) => ({ authorization: `Bearer ${text}` })
  const suspended = await keyFor(closed, ['client', 'tenant_admin'])
  await asAdmin(`/v1/admin/tenants/${closed}`, { suspended: true }, 'PATCH')
  const revoked = await keyFor(first, ['client', 'tenant_admin'])
  await asAdmin(`/v1/admin/keys/${revoked.id}/revoke`, {})
  const expired = await keyFor(first, ['client', 'tenant_admin'])
  await raw`UPDATE darkroom.api_key SET expires_at = darkroom.now() - interval '1 minute' WHERE id = ${expired.id}`.execute(
    sql,
  )
  const signedIn = await service.call('/session', { ...json({ key: service.key('client') }), as: null })
  const cookie = (signedIn.headers.get('set-cookie') ?? '').split(';')[0] ?? ''

  const reviewing = await openReviewing(service, first, asAdmin)
  const key = (name: string) => bearer(service.key(name))
  const adminOf = async (tenant: string) => bearer((await keyFor(tenant, ['tenant_admin'])).key)
  const actors: Actor[] = [
    { name: 'client', headers: key('client'), roles: ['client'], tenant: 'first' },
    { name: 'tenant_admin', headers: await adminOf(first), roles: ['tenant_admin'], tenant: 'first' },
    { name: 'client_2', headers: key('second_client'), roles: ['client'], tenant: 'second' },
    { name: 'tenant_admin_2', headers: await adminOf(second), roles: ['tenant_admin'], tenant: 'second' },
    { name: 'reviewer', headers: bearer(reviewing.keys.reviewer), roles: ['reviewer'], tenant: 'operator' },
    { name: 'lead', headers: bearer(reviewing.keys.lead), roles: ['lead'], tenant: 'operator' },
    { name: 'compliance', headers: key('compliance'), roles: ['compliance'], tenant: 'operator' },
    { name: 'admin', headers: key('admin'), roles: ['admin'], tenant: 'operator' },
    {
      name: 'foreign_page',
      headers: { cookie, origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' },
      roles: ['client'],
      tenant: 'first',
      foreign: true,
    },
    { name: 'suspended', headers: bearer(suspended.key), roles: [], tenant: 'none', barred: 403 },
    { name: 'revoked', headers: bearer(revoked.key), roles: [], tenant: 'none', barred: 401 },
    { name: 'expired', headers: bearer(expired.key), roles: [], tenant: 'none', barred: 401 },
    { name: 'nobody', headers: {}, roles: [], tenant: 'none', barred: 401 },
  ]

  async function generation(...ends: ('published' | 'held' | 'denied')[]) {
    const { requestId } = await service.admit({ prompt: ALLOWED, n: Math.max(1, ends.length) })
    if (ends.length > 0) await service.develop(requestId, ends)
    const { images } = await fetchJson(`/v1/generations/${requestId}`)
    const imageIds = Array.isArray(images) ? images.map((image) => ours(Object(image).id)) : []
    return { id: ours(requestId), imageIds }
  }
  async function refused() {
    const { requestId } = await service.admit({ prompt: FORBIDDEN })
    const { statement } = await fetchJson(`/v1/generations/${requestId}`)
    return { id: ours(requestId), statementId: ours(Object(statement).id) }
  }
  const contested = await Promise.all(Array.from({ length: 15 }, async () => (await refused()).statementId))
  const appeal = async (statementId: string) => {
    const body = { statement_id: statementId, text: 'This is a mistake.' }
    return ours((await fetchJson('/v1/appeals', json(body))).id)
  }
  const held = await generation()
  async function hold(requestId: string): Promise<string> {
    const body = { request_id: requestId, reason: 'a court asked for it' }
    return (await fetchJson('/v1/admin/legal-holds', { ...json(body), as: 'compliance' })).id
  }
  async function preservation(): Promise<string> {
    const { statementId } = await refused()
    await raw`UPDATE darkroom.statement SET record = jsonb_set(record, '{redress}', '{"kind":"restricted","text":"restricted"}'),
                     preservation_due_at = darkroom.now() WHERE id = ${statementId}`.execute(sql)
    return statementId
  }
  async function images(): Promise<Params[]> {
    const { imageIds } = await generation('published', 'held', 'denied')
    return imageIds.map((id) => ({ id }))
  }
  async function preview(): Promise<Params[]> {
    const [image] = await images()
    const id = image?.id ?? ''
    await raw`INSERT INTO darkroom.preview (image_id, position, object_key, content_type, width, height, released_at)
              VALUES (${id}, 0, ${`${id}/0`}, 'image/png', 128, 128, darkroom.now())`.execute(sql)
    return [{ id, index: '0' }]
  }
  async function webhook(): Promise<string> {
    const { data } = await fetchJson('/v1/webhooks')
    for (const { id } of Array.isArray(data) && data.length > 80 ? data : [])
      await service.call(`/v1/webhooks/${id}`, { method: 'DELETE' })
    return ours((await fetchJson('/v1/webhooks', json({ url: receiverUrl, events: ['*'] }))).id)
  }
  async function delivery(): Promise<string> {
    const tested = await fetchJson(`/v1/webhooks/${await webhook()}/test`, { method: 'POST' })
    return ours(tested.delivery_id)
  }
  /** Of a published image whose file really holds the manifest that its record names. */
  async function releasedManifest(): Promise<string> {
    const id = (await generation('published')).imageIds[0] ?? ''
    const store = Buffer.from('a manifest store')
    const row = await sql
      .selectFrom('darkroom.image')
      .select(['object_key', 'manifest_id'])
      .where('id', '=', id)
      .executeTakeFirstOrThrow()
    await service.ground.images.remove(row.object_key ?? '')
    const file = { bytes: withPngChunk(picture, 'caBX', store), contentType: 'image/png' }
    await service.ground.images.putIfAbsent(row.object_key ?? '', file)
    await raw`UPDATE darkroom.image
                 SET marked = jsonb_set(marked, '{digests,manifest}', to_jsonb(${sha256(store)}::text))
               WHERE id = ${id}`.execute(sql)
    return ours(row.manifest_id ?? '')
  }
  const person = async () =>
    ours((await asAdmin(`/v1/admin/tenants/${first}/people`, { name: 'Ada', roles: ['client'] })).id)
  const link = async (): Promise<Params> => {
    const id = (await images())[0]?.id
    return { '*': (await service.ground.images.signedUrl(`${id}.png`, 300)).replace(/^.*\/objects\//, '') }
  }
  const tile = async (): Promise<Params[]> => {
    const { database } = service.ground
    const round = { ...service.transparency, database, holder: 'cast', leaseMs: 1000, atMost: 4096 }
    await runRound(round)
    const { size } = await readLogState(sql)
    return [{ '*': tilePath(0, Math.floor((size - 1) / 256), ((size - 1) % 256) + 1).replace('tile/', '') }]
  }
  const dated = async (): Promise<Params[]> => {
    await tile()
    const { size } = await readLogState(sql)
    await sql
      .updateTable('darkroom.log_checkpoint')
      .set({ timestamp_token: Buffer.of(0x30, 0) })
      .execute()
    return [{ size: String(size) }]
  }
  const exported = async (): Promise<string> => {
    await tile()
    const order = json({ from: '1970-01-01T00:00:00Z', to: '1970-01-02T00:00:00Z' })
    const { id } = await fetchJson('/v1/audit/exports', { ...order, as: 'compliance' })
    const { ground, transparency } = service
    while ((await runExport({ ...ground, transparency, leaseMs: 10_000, partBytes: 1000 })) !== 'idle');
    return id
  }
  const logged = async () => {
    await tile()
    return [{ index: '0' }]
  }
  const one = (id: () => Promise<string> | string): Thing['kinds'] => {
    return async () => [{ id: await id() }]
  }

  /** By the path up to its last parameter. A route with a parameter that is not here must be added. */
  const things: Record<string, Thing> = {
    '/v1/generations/:id': {
      of: 'first',
      kinds: async () => [
        { id: (await generation()).id },
        { id: (await generation('published', 'held', 'denied')).id },
        { id: (await refused()).id },
      ],
    },
    '/v1/images/:id': { of: 'first', kinds: images },
    '/v1/images/:id/previews/:index': { of: 'first', kinds: preview },
    '/v1/statements/:id': { of: 'first', kinds: one(async () => (await refused()).statementId) },
    '/v1/appeals/:id': { of: 'first', kinds: one(async () => appeal((await refused()).statementId)) },
    '/v1/webhooks/:id': { of: 'first', kinds: one(webhook) },
    '/v1/webhooks/deliveries/:id': { of: 'first', kinds: one(delivery) },
    '/v1/admin/legal-holds/:id': { of: 'everybody', kinds: one(async () => hold((await generation()).id)) },
    '/v1/admin/preservations/:id': { of: 'everybody', kinds: one(preservation) },
    '/v1/admin/tenants/:id': { of: 'first', kinds: one(() => first) },
    '/v1/admin/people/:id': {
      of: 'first',
      kinds: async (path) => {
        const id = await person()
        // Only of who has left anything is erased.
        if (path.endsWith('/data')) await asAdmin(`/v1/admin/people/${id}`, { active: false }, 'PATCH')
        return [{ id }]
      },
    },
    '/v1/admin/keys/:id': { of: 'first', kinds: one(async () => ours((await keyFor(first, ['client'])).id)) },
    '/v1/admin/policies/:digest': { of: 'everybody', kinds: async () => [{ digest: service.policy.digest }] },
    '/v1/users/:user': {
      of: 'everybody',
      kinds: async () => {
        ours((await service.admit({ prompt: ALLOWED, user: 'ada' })).requestId)
        return [{ user: 'ada' }]
      },
    },
    '/v1/review/items/:id': { of: 'everybody', kinds: async (path) => [{ id: await reviewing.item(path) }] },
    '/v1/review/people/:id': { of: 'everybody', kinds: one(() => reviewing.other) },
    '/v1/models/:model': { of: 'everybody', kinds: async () => [{ model: 'storybook' }] },
    '/c2pa/manifests/:id': { of: 'everybody', kinds: one(releasedManifest) },
    '/statements/:id': { of: 'everybody', kinds: one(async () => (await refused()).statementId) },
    '/objects/*': { of: 'everybody', kinds: async () => [await link()] },
    '/log/tile/*': { of: 'everybody', kinds: tile },
    '/log/timestamp/:size': { of: 'everybody', kinds: dated },
    '/v1/audit/exports/:id': { of: 'everybody', kinds: one(exported) },
    '/v1/audit/reports/:name': { of: 'everybody', kinds: async () => REPORT_NAMES.map((name) => ({ name })) },
    '/audit/reports/:name': { of: 'everybody', kinds: async () => REPORT_NAMES.map((name) => ({ name })) },
    '/v1/audit/history/:id': {
      of: 'everybody',
      kinds: async () => [{ id: (await generation()).id }, ...(await images())],
    },
    '/v1/audit/rows/:index': { of: 'everybody', kinds: logged },
    '/docs/static/*': { of: 'everybody', kinds: async () => [{ '*': 'index.html' }] },
    '/console/:version/*': { of: 'everybody', kinds: async () => [{ version: 'any', '*': 'verify.ts' }] },
  }
  const picture = await sharp({ create: { width: 128, height: 128, channels: 3, background: '#456' } })
    .png()
    .toBuffer()
  const form = (field: string, more: Record<string, string> = {}): RequestInit => {
    const body = new FormData()
    for (const [name, value] of Object.entries(more)) body.append(name, value)
    body.append(field, new Blob([picture], { type: 'image/png' }), 'picture.png')
    return { body }
  }
  /** What is sent where something must be: right, so that only who asks decides. */
  const bodies: Record<string, (actor: Actor, params: Params) => RequestInit> = {
    ...reviewing.bodies,
    'POST /session': () => json({ key: service.key('second_client') }),
    'POST /v1/generations': () => json({ prompt: ALLOWED }),
    'POST /v1/images/generations': () => json({ prompt: WAITED }),
    'POST /v1/images/edits': () => form('image', { prompt: WAITED }),
    'POST /v1/moderations': () => json({ input: ALLOWED }),
    'POST /v1/appeals': () => json({ statement_id: contested.pop(), text: 'This is a mistake.' }),
    'POST /v1/provenance/verify': () => form('file'),
    'POST /v1/provenance/feedback': () => json({ agrees: true, verdict: 'ours' }),
    'POST /verify': () => form('file'),
    'POST /verify/feedback': () => ({ body: new URLSearchParams({ agrees: 'true', verdict: 'ours' }) }),
    'POST /c2pa/matches/byBinding': () => json({ alg: MARK_ALGORITHM, value: '1.a' }),
    'POST /c2pa/matches/byContent': () => ({
      headers: { 'content-type': 'image/png' },
      body: new Uint8Array(picture),
    }),
    'POST /v1/reports': () => json({ image_id: 'img_nothing', category: 'other' }),
    'POST /v1/audit/exports': () => json({ from: '1970-01-01T00:00:00Z', to: '1970-01-02T00:00:00Z' }),
    'POST /v1/audit/find': () => form('file'),
    'POST /v1/admin/legal-holds': () => json({ request_id: held.id, reason: 'a court asked for it' }),
    'POST /v1/admin/preservations/:id/end': () => json({ reason: 'the report is closed' }),
    'POST /v1/webhooks': () => json({ url: receiverUrl, events: ['*'] }),
    'PATCH /v1/webhooks/:id': () => json({ description: 'changed' }),
    'POST /v1/admin/tenants': () => json({ name: 'Another' }),
    'PATCH /v1/admin/tenants/:id': () => json({ weight: 2 }),
    'PUT /v1/admin/tenants/:id/audit-consent': () => json({ consent: true }),
    'POST /v1/admin/tenants/:id/people': () => json({ name: 'Bo', roles: ['client'] }),
    'PATCH /v1/admin/people/:id': () => json({ name: 'Bea' }),
    'POST /v1/admin/tenants/:id/keys': () => json({ name: 'made', roles: ['client'] }),
    'POST /v1/admin/keys/:id/rotate': () => json({}),
  }
  /** What must follow a `?`, by route or by path. */
  const queries: Record<string, string> = {
    'GET /c2pa/matches/byBinding': `?alg=${MARK_ALGORITHM}&value=1.a`,
    'HEAD /c2pa/matches/byBinding': `?alg=${MARK_ALGORITHM}&value=1.a`,
    '/v1/audit/find': '?q=img_00000000000000000000000000',
    '/v1/admin/reports': '?email=somebody@example.org',
    '/v1/audit/statements': '?from=2026-01-01T00:00:00Z&to=2026-02-01T00:00:00Z',
    '/v1/audit/report': '?from=2026-01-01T00:00:00Z&to=2026-02-01T00:00:00Z',
    '/v1/audit/reports/:name': '?from=2026-01-01&to=2026-02-01',
  }
  return { service, actors, things, bodies, queries, made }
}
