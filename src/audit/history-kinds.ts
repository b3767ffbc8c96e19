// Every kind of move in plain words, and who makes it where its facts do not say. A test holds the table against all kinds that the code
// writes. Pure.
import type { StateOf, Subject } from '../journey.ts'
import type { Json } from '../kernel/canonical.ts'

/** `gate`: software, by the policy in force. `service`: software that keeps the service going. `unrecorded`: the log does not say. */
export type Doer = 'gate' | 'service' | 'people' | 'owner' | 'operator' | 'public' | 'unrecorded'
type Kind = { readonly says: string; readonly by: Doer }

const kind = (says: string, by: Doer): Kind => ({ says, by })

type StateKind = { [S in Subject]: `${S}.${StateOf<S>}` }[Subject]
const moves: Readonly<Record<StateKind, Kind>> = {
  'request.received': kind('Ordered', 'owner'),
  'request.refused': kind('Refused before anything was drawn', 'gate'),
  'request.queued': kind('Let in, and waits for a device', 'gate'),
  'request.generating': kind('Drawing began', 'service'),
  'request.done': kind('All images have settled', 'service'),
  'request.failed': kind('Failed', 'service'),
  'request.cancelled': kind('Cancelled', 'unrecorded'),
  'request.expired': kind('Ran out of time', 'service'),
  'image.planned': kind('Image planned', 'service'),
  'image.generated': kind('Drawn', 'service'),
  'image.cleared': kind('Allowed', 'gate'),
  'image.held': kind('Held for a person', 'gate'),
  'image.denied': kind('Refused', 'gate'),
  'image.marked': kind('Marked, signed and read back', 'service'),
  'image.published': kind('Released', 'service'),
  'image.withdrawn': kind('Withdrawn', 'unrecorded'),
  'image.expired': kind('Release ended', 'service'),
  'image.failed': kind('Failed', 'service'),
  'image.cancelled': kind('Cancelled with its request', 'service'),
  'appeal.open': kind('Appealed', 'owner'),
  'appeal.reviewing': kind('The appeal is being looked at', 'people'),
  'appeal.upheld': kind('Appeal decided: the decision stands', 'people'),
  'appeal.overturned': kind('Appeal decided: the decision is overturned', 'people'),
  'appeal.partial': kind('Appeal decided: it stands for another reason', 'people'),
  'appeal.omitted': kind('Appeal closed without a decision', 'service'),
  'appeal.withdrawn': kind('Appeal taken back', 'owner'),
}

const notes: Readonly<Record<string, Kind>> = {
  'request.restated': kind('Restricted for another reason: a new statement', 'people'),
  'image.restated': kind('Restricted for another reason: a new statement', 'people'),
  'image.reported': kind('Reported by the public', 'public'),
  'image.recheck_failed': kind('Looked at again: it did not read back', 'service'),
  'image.retention_ended': kind('Content erased: its time was over', 'service'),
  'request.retention_ended': kind('What was asked erased: its time was over', 'service'),
  'generation.erased': kind('Erased', 'service'),
  'legal_hold.placed': kind('Legal hold placed', 'people'),
  'legal_hold.lifted': kind('Legal hold lifted', 'people'),
  'review.assigned': kind('Given to one reviewer', 'people'),
  'review.unassigned': kind('Given back to all reviewers', 'people'),
  'review.breached': kind('Review is late', 'service'),
  'review.awaiting': kind('Nobody may review it at present', 'service'),
  'review.resumed': kind('Somebody may review it again', 'service'),
  'review.verdict': kind('A reviewer judged', 'people'),
  'review.ruled': kind('The verdicts count', 'people'),
  'review.audited': kind('Software’s decision looked at, drawn at random', 'people'),
  'review.gold_made': kind('Made a test question for reviewers', 'people'),
  'review.gold': kind('A test question was answered', 'people'),
  'review.shift_ended': kind('A reviewer’s shift ended', 'people'),
  'review.routing_changed': kind('Routing of reviews changed', 'people'),
  'reviewer.changed': kind('What a reviewer may judge changed', 'operator'),
  'escalation.confirmed': kind('Escalation confirmed', 'people'),
  'escalation.dismissed': kind('Escalation dismissed', 'people'),
  'request.preservation_due': kind('Preservation is due to end', 'service'),
  'request.preservation_ended': kind('Preservation ended', 'people'),
  'image.preservation_due': kind('Preservation is due to end', 'service'),
  'image.preservation_ended': kind('Preservation ended', 'people'),
  'person.created': kind('Person added', 'operator'),
  'person.changed': kind('Person changed', 'operator'),
  'person.deactivated': kind('Person deactivated', 'operator'),
  'person.activated': kind('Person active again', 'operator'),
  'person.erased': kind('Person’s data erased', 'operator'),
  'report.erased': kind('Text and address of a report erased', 'operator'),
  'session.opened': kind('Signed in', 'people'),
  'key.created': kind('Key made', 'operator'),
  'key.rotated': kind('Key rotated', 'operator'),
  'key.revoked': kind('Key revoked', 'operator'),
  'tenant.created': kind('Tenant added', 'operator'),
  'tenant.changed': kind('Tenant changed', 'operator'),
  'secret.accepted': kind('Changed secret accepted', 'operator'),
  'policy.live': kind('Policy went live', 'operator'),
  'webhook.created': kind('Webhook made', 'owner'),
  'webhook.changed': kind('Webhook changed', 'owner'),
  'webhook.disabled': kind('Webhook turned off', 'service'),
  'webhook.deleted': kind('Webhook removed', 'owner'),
  'webhook.rotated': kind('Webhook’s secret rotated', 'owner'),
  'user.erased': kind('A user’s content erased', 'owner'),
  'audit.exported': kind('Log exported', 'operator'),
  'audit.downloaded': kind('Export fetched', 'operator'),
  'audit.removed': kind('Export taken away', 'operator'),
}

const kinds: ReadonlyMap<string, Kind> = new Map(Object.entries({ ...moves, ...notes }))

/** What a move of a kind is, in words; one that nobody knows is said to be that. */
export function kindOf(name: string): Kind {
  return kinds.get(name) ?? { says: `A move of the kind ${name}`, by: 'unrecorded' }
}

/** What a move was, in words; `kindOf` of its kind, unless its facts say more. */
export function saysOf(name: string, facts: Json): string {
  const result = typeof facts === 'object' && facts !== null && !Array.isArray(facts) ? facts.result : null
  return name === 'appeal.partial' && typeof result === 'string'
    ? 'Appeal decided: the first reason is withdrawn, and software refused the request by another rule'
    : kindOf(name).says
}

export function knownKinds(): string[] {
  return [...kinds.keys()]
}
