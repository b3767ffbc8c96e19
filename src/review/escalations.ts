// What people rule on a refusal that called them. There is no way from here to a release: what is dismissed stays refused, and what is
// confirmed gets the draft of a report, which a person sends or does not; the service never does.
import { sql as raw } from 'kysely'
import { note } from '../advance.ts'
import type { Effect } from './settle.ts'

export function escalationEffect(): Effect {
  return async (item, ruling) => async (tx) => {
    const { id, tenant_id: tenantId, request_id: request, image_id: image } = item
    const confirmed = ruling.outcome === 'deny'
    const facts = { request, image, clause: ruling.clause, people: [...ruling.reviewers] }
    if (confirmed) {
      const draft = JSON.stringify({ ...facts, restricted: item.restricted, refused_at: item.created_at.toISOString() })
      await raw`
        UPDATE darkroom.review_item
           SET ruling = ruling || jsonb_build_object('report_draft', ${draft}::jsonb) WHERE id = ${id}`.execute(tx)
    }
    await note(tx, tenantId, confirmed ? 'escalation.confirmed' : 'escalation.dismissed', id, facts)
    return []
  }
}
