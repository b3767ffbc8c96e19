// The review desk's part of the matrix: one person with a key as a reviewer and one as a lead, whose claims are therefore each other's,
// and for each route an item that can be acted upon by it.
import { sql as raw } from 'kysely'
import sharp from 'sharp'
import { sha256 } from '../../src/kernel/canonical.ts'
import { generatedKey } from '../../src/kernel/quarantine.ts'
import { hashOf } from '../../src/review/claim.ts'
import { addItem } from '../../src/review/item.ts'
import { EVERYTHING } from '../support/reviewing.ts'
import type { Params } from './matrix-people.ts'
import { ALLOWED, json, type Service } from './service.ts'

type AsAdmin = (path: string, body: object) => Promise<Record<string, unknown> & { id: string }>

/** What the lead's key holds an item by. */
const leaseOf = (id = '') => `the-lease-of-${id}`

export async function openReviewing(service: Service, tenantId: string, asAdmin: AsAdmin) {
  const { sql, transact } = service.ground.database
  const operator = await sql
    .selectFrom('darkroom.tenant')
    .select('id')
    .where('operator', '=', true)
    .executeTakeFirstOrThrow()
  const people = `/v1/admin/tenants/${operator.id}/people`
  const person = await asAdmin(people, { name: 'Lea', roles: ['reviewer', 'lead'] })
  const other = await asAdmin(people, { name: 'Oz', roles: ['reviewer'] })
  const keyAs = async (role: string) => {
    const made = { name: role, roles: [role], person_id: person.id }
    return String((await asAdmin(`/v1/admin/tenants/${operator.id}/keys`, made)).key)
  }
  const bytes = await sharp({ create: { width: 64, height: 64, channels: 3, background: '#844' } })
    .png()
    .toBuffer()
  async function heldImage(): Promise<{ requestId: string; imageId: string }> {
    const { requestId } = await service.admit({ prompt: ALLOWED })
    await service.develop(requestId, ['held'])
    const image = await sql
      .updateTable('darkroom.image')
      .set({ generated_digest: sha256(bytes) })
      .where('request_id', '=', requestId)
      .returning('id')
      .executeTakeFirstOrThrow()
    await service.ground.quarantine.remove(generatedKey(image.id))
    await service.ground.quarantine.putIfAbsent(generatedKey(image.id), { bytes, contentType: 'image/png' })
    return { requestId, imageId: image.id }
  }

  /** Free for claiming and assigning, decided for undoing, held for the rest. */
  async function item(path: string): Promise<string> {
    const image = await heldImage()
    const id = await transact((tx) =>
      addItem(tx, service.review, {
        ...{ kind: 'hold', tenantId, ...image },
        ...{ category: 'weapons', clause: 'weapons/2', contentDigest: 'one picture' },
      }),
    )
    if (/\/(claim|assign|unassign)$/.test(path)) return id
    await raw`
      UPDATE darkroom.review_item SET lease_person = ${person.id}, lease_hash = ${hashOf(leaseOf(id))}, leased_at = darkroom.now(),
             lease_until = darkroom.now() + interval '1 hour' WHERE id = ${id}`.execute(sql)
    if (!path.endsWith('/undo')) return id
    await service.call(`/v1/review/items/${id}/decide`, {
      ...json({ lease: leaseOf(id), outcome: 'allow' }, { authorization: `Bearer ${keys.lead}` }),
    })
    return id
  }

  const keys = { reviewer: await keyAs('reviewer'), lead: await keyAs('lead') }
  // One for each who may, since nothing is made where somebody must be refused.
  const bulk = new Map<string, object>()
  for (const name of ['reviewer', 'lead']) {
    const held = await item('/held')
    bulk.set(name, { item: held, items: [await item('/claim')], lease: leaseOf(held), outcome: 'allow' })
  }
  const closed = await item('/claim')
  await raw`
    UPDATE darkroom.review_item SET state = 'closed', verdicts = 1, closed_at = darkroom.now(), ruling = '{"outcome":"allow"}'
     WHERE id = ${closed}`.execute(sql)
  const withLease = (_: object, { id }: Params) => json({ lease: leaseOf(id) })
  return {
    keys,
    other: other.id,
    item,
    bodies: {
      'POST /v1/review/items/:id/renew': withLease,
      'POST /v1/review/items/:id/release': withLease,
      'POST /v1/review/items/:id/decide': (_: object, { id }: Params) => json({ lease: leaseOf(id), outcome: 'allow' }),
      'POST /v1/review/items/:id/escalate': (_: object, { id }: Params) =>
        json({ lease: leaseOf(id), note: 'for a lead' }),
      'POST /v1/review/items/:id/pass': withLease,
      'POST /v1/review/items/:id/preview': () => json({ outcome: 'allow' }),
      'POST /v1/review/items/:id/translate': () => json({ to: 'en' }),
      'PUT /v1/review/shift/preferences': () => json({ grey: true, size: 'l', blur_again_seconds: null }),
      'PUT /v1/review/shift/skips': () => json({ categories: [], hours: 1 }),
      'POST /v1/review/items/:id/reveal': () => json({ what: 'picture' }),
      'POST /v1/review/items/:id/assign': () => json({ to: other.id }),
      'POST /v1/review/bulk': ({ name }: { name: string }) => json(bulk.get(name) ?? bulk.get('lead')),
      'POST /v1/review/gold': () => json({ item_id: closed, outcome: 'allow' }),
      'PUT /v1/review/people/:id': () => json(EVERYTHING),
      'PUT /v1/review/routing': () => json({ version: 0, rules: [] }),
      'POST /v1/review/routing/dry-run': () => json({ rules: [] }),
    },
  }
}
