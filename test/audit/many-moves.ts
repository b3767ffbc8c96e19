// Moves by the thousand, with their chains, written in few statements; also such as an earlier release wrote, without a salt.
import { createHash } from 'node:crypto'
import { leafHash } from '../../src/kernel/canonical.ts'
import type { Database } from '../../src/kernel/database.ts'
import { leafOf } from '../../src/kernel/leaf.ts'

const PAGE = 1000
const KINDS = [
  { subject: 'image', id: 'img', to: 'published', kind: 'image.published' },
  { subject: 'image', id: 'img', to: 'denied', kind: 'image.denied' },
  { subject: 'request', id: 'req', to: 'queued', kind: 'request.queued' },
  { subject: 'note', id: 'key', to: null, kind: 'key.created' },
] as const

/** `count` moves in turn for the tenants, at the records' time; `old`: each of so many has no salt. */
export async function recordMoves(
  { transact }: Database,
  tenantIds: readonly string[],
  count: number,
  { old = 0, factBytes = 40 }: { old?: number; factBytes?: number } = {},
): Promise<void> {
  for (let done = 0; done < count; done += PAGE)
    await transact(async (tx) => {
      const tenants = await tx
        .selectFrom('darkroom.tenant')
        .select(['id', 'pseudonym', 'sequence', 'head'])
        .select(({ fn }) => fn<Date>('darkroom.now', []).as('now'))
        .where('id', 'in', [...tenantIds])
        .orderBy('id')
        .execute()
      const chains = tenants.map((tenant) => ({ ...tenant, next: Number(tenant.sequence) + 1 }))
      const rows = Array.from({ length: Math.min(PAGE, count - done) }, (_, i) => {
        const chain = chains[i % chains.length]
        if (chain === undefined) throw new Error('no tenant')
        const place = done + i
        const { kind, subject, id, to } = KINDS[place % KINDS.length] ?? KINDS[0]
        const row = {
          tenant_id: chain.id,
          subject,
          subject_id: `${id}_${String(place).padStart(26, '0')}`,
          kind,
          from_state: null,
          to_state: to,
          facts: { place, pad: 'é'.repeat(factBytes / 2) },
          at: chain.now,
          tenant_pseudonym: chain.pseudonym,
          tenant_sequence: String(chain.next),
          previous_leaf: chain.head,
          leaf_salt: createHash('sha256').update(String(place)).digest(),
        }
        const salted = old === 0 || place % old > 0
        const leaf_hash = leafHash(leafOf({ ...row, leaf_salt: salted ? row.leaf_salt : null }))
        chain.head = leaf_hash
        chain.next += 1
        return { ...row, leaf_salt: salted ? row.leaf_salt : undefined, facts: JSON.stringify(row.facts), leaf_hash }
      })
      await tx.insertInto('darkroom.move').values(rows).execute()
      for (const { id, head, next } of chains)
        await tx
          .updateTable('darkroom.tenant')
          .set({ head, sequence: next - 1 })
          .where('id', '=', id)
          .execute()
    })
}
