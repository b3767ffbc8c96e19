// One open item of the queue as a lead sees it: what it is, since when and until when, who has it, and who may be given it.

import type { ModerationPolicy } from '../../../policy/policy.ts'
import type { QueuedItem } from '../../../review/queue.ts'
import { type Html, html } from '../../html.ts'
import { time } from '../../times.ts'
import { categoryName, KIND_NAMES, LANE_NAMES } from './words.ts'

type Drawn = {
  item: QueuedItem
  /** Who may have it. */
  may: readonly string[]
  names: ReadonlyMap<string, string>
  policy: ModerationPolicy
  now: Date
}

export function queueItem({ item, may, names, policy, now }: Drawn): Html {
  const { id, lane, kind, state, verdicts, needs } = item
  return html`<li class="item panel" id="${id}">
<div class="what">
<h3>${LANE_NAMES[lane]} <span class="kind">${KIND_NAMES[kind]}</span></h3>
<p>${categoryName(policy, item.category)} <span class="hint">severity <span class="number">${item.severity}</span>${needs > 1 && `, ${verdicts} of ${needs} verdicts`}${item.lead_only && ', for leads'}</span></p>
<p class="hint"><code>${id}</code></p>
</div>
<dl class="traits">
<div><dt>Came</dt><dd class="number">${time(new Date(item.waiting_since), now)}</dd></div>
<div><dt>Due</dt><dd class="number${item.breached && ' alarm'}">${time(new Date(item.deadline_at), now)}${item.breached && ', late'}</dd></div>
<div><dt>Who</dt><dd>${whoHas(item, names, now)}</dd></div>
</dl>
${state === 'decided' || item.lease !== null ? html`` : actions(item, may, names)}
</li>
`
}

function whoHas({ state, lease, reserved_for }: QueuedItem, names: Drawn['names'], now: Date): Html {
  const name = (id: string) => html`<bdi>${names.get(id) ?? 'somebody who left'}</bdi>`
  if (state === 'decided') return html`decided, until it takes effect`
  if (lease !== null) return html`${name(lease.person_id)} has it; the claim ends ${time(new Date(lease.until), now)}`
  if (state === 'awaiting_reviewer') return html`<b class="alarm">nobody is left</b>`
  return reserved_for === null ? html`nobody yet` : html`kept for ${name(reserved_for)}`
}

function actions({ id, reserved_for }: QueuedItem, may: Drawn['may'], names: Drawn['names']): Html {
  // By name, as the names are.
  const others = [...names.keys()].filter((person) => may.includes(person) && person !== reserved_for)
  return html`<div class="acts">
${
  others.length > 0 &&
  html`<form id="keep-${id}" class="keep" data-call="POST /v1/review/items/${id}/assign" data-done="Kept for {to}.">
<label for="to-${id}">Keep it for</label>
<select id="to-${id}" name="to" data-as="text" aria-describedby="error-${id}">
${others.map((person) => html`<option value="${person}">${names.get(person) ?? person}</option>\n`)}</select>
<button>Keep</button>
</form>`
}
${
  reserved_for !== null &&
  html`<form id="let-${id}" data-call="POST /v1/review/items/${id}/unassign" data-done="Let go."><button class="quiet">Let go</button></form>`
}
<p class="error" id="error-${id}" role="alert" data-own="" hidden></p>
</div>`
}
