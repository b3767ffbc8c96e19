// Making a gold question: a decided item whose answer is beyond doubt is asked again of everybody who has not seen it.

import type { ModerationPolicy } from '../../../policy/policy.ts'
import { type Html, html } from '../../html.ts'
import { titled } from './words.ts'

export function goldForm(policy: ModerationPolicy): Html {
  const stated = policy.categories.flatMap(({ name, clauses }) => {
    const full = clauses.filter((clause) => clause.statement?.redress === 'full')
    return full.length === 0 ? [] : [{ name, ids: full.map((clause) => clause.id) }]
  })
  return html`<p>A held picture whose answer is beyond doubt goes, unlabelled, to everybody who has not seen it. What they answer changes nothing of the picture.</p>
<form id="gold-form" class="stack" data-call="POST /v1/review/gold" data-done="Asked of {asked}." novalidate>
<div class="field"><label for="gold-item">Item</label>
<input id="gold-item" name="item_id" data-as="text" required autocomplete="off" spellcheck="false" placeholder="rvw_…" aria-describedby="gold-item-error">
<p class="error" id="gold-item-error" role="alert" hidden></p></div>
<div class="fields">
<div class="field"><label for="gold-outcome">What should be answered</label>
<select id="gold-outcome" name="outcome" data-as="text" aria-describedby="gold-outcome-error"><option value="allow">allow</option><option value="deny">deny</option></select>
<p class="error" id="gold-outcome-error" role="alert" hidden></p></div>
<div class="field"><label for="gold-clause">Under which clause, if denied</label>
<select id="gold-clause" name="clause" data-as="or-nothing" aria-describedby="gold-clause-error"><option value="">none</option>
${stated.map(({ name, ids }) => html`<optgroup label="${titled(name)}">${ids.map((id) => html`<option value="${id}">${id}</option>`)}</optgroup>\n`)}</select>
<p class="error" id="gold-clause-error" role="alert" hidden></p></div>
</div>
<p class="error" data-error="" id="gold-error" role="alert" hidden></p>
<div class="row"><button>Make it a gold question</button> <span class="hint" data-said=""></span></div>
</form>`
}
