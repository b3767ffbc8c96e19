// What a person reviews, as a form: PUT /v1/review/people/{id} sets all of it at once, and says what is wrong by the field's name.

import { type ReviewerRow, versionOf } from '../../../review/people.ts'
import { type Html, html, type Printable } from '../../html.ts'
import type { PeoplePage } from './people.ts'
import { titled } from './words.ts'

export function personForm(one: ReviewerRow, { people, choices, by }: PeoplePage): Html {
  const leads = people.filter((other) => other.lead && other.person_id !== one.person_id)
  const mayOpen = by.admin && one.person_id !== by.personId
  return html`<form id="person-form" class="stack" data-call="PUT /v1/review/people/${one.person_id}" data-then="/review/people" novalidate>
<input type="hidden" name="version" data-as="text" value="${versionOf(one)}">
${ticked({ name: 'categories', legend: 'Categories', hint: 'None ticked: all.', as: 'all', choices: choices.categories.map(({ id, name }) => ({ id, name: titled(name) })), chosen: one.categories ?? [] })}
${field(
  'languages',
  'Languages of prompts',
  html`<input id="languages" name="languages" data-as="words" autocomplete="off" spellcheck="false" autocapitalize="off" value="${(one.languages ?? []).join(', ')}" aria-describedby="languages-error languages-hint">`,
  'As ISO 639 has them, such as en, de. None: all.',
)}
${ticked({ name: 'tenants', legend: 'Customers', hint: 'None ticked: all.', as: 'all', choices: choices.tenants, chosen: one.tenants ?? [] })}
${ticked({ name: 'conflicts', legend: 'Customers that they have to do with', hint: 'They get nothing of these.', as: 'these', choices: choices.tenants, chosen: one.conflicts })}
<div class="fields">
${field(
  'max_severity',
  'Nothing graver than',
  html`<input id="max_severity" name="max_severity" data-as="number" type="number" min="0" max="100" required value="${one.max_severity}" aria-describedby="max_severity-error max_severity-hint">`,
  '0 to 100.',
)}
${field(
  'lead_id',
  'Their lead',
  html`<select id="lead_id" name="lead_id" data-as="or-null" aria-describedby="lead_id-error"><option value="">nobody</option>
${leads.map((lead) => html`<option value="${lead.person_id}"${lead.person_id === one.lead_id && html` selected`}>${lead.name}</option>\n`)}</select>`,
)}
${field(
  'away_until',
  'Away until (UTC)',
  html`<input id="away_until" name="away_until" data-as="moment" type="datetime-local" value="${one.away_until?.toISOString().slice(0, 16)}" aria-describedby="away_until-error away_until-hint">`,
  'Empty: they are there.',
)}
</div>
${
  mayOpen
    ? html`<div class="field"><label class="tick"><input type="checkbox" name="restricted" data-as="ticked"${one.restricted && html` checked`} aria-describedby="restricted-error"> Sees what is restricted</label><p class="error" id="restricted-error" role="alert" hidden></p></div>`
    : html`<p class="hint">${one.restricted ? 'Sees what is restricted.' : 'Does not see what is restricted.'} An administrator changes that, and nobody for themself.</p>`
}
<p class="error" data-error="" id="person-error" role="alert" hidden></p>
<div class="panel stack" data-anew="/review/people" data-of="${one.person_id}" hidden>
<p>What you typed is still here. Look at what stands now: if you then save, yours takes its place.</p>
<div class="row"><button type="button">Show what stands now</button></div>
<div class="stack" tabindex="-1" role="group" aria-label="What stands now"></div>
</div>
<div class="row"><button class="primary">Save</button> <a class="button" href="/review/people#${one.person_id}">Cancel</a></div>
</form>`
}

function field(name: string, label: string, control: Html, hint?: string): Html {
  return html`<div class="field"><label for="${name}">${label}</label>${control}
<p class="error" id="${name}-error" role="alert" hidden></p>${hint !== undefined && html`<p class="hint" id="${name}-hint">${hint}</p>`}</div>`
}

type Ticked = {
  name: string
  legend: string
  hint: string
  /** What nothing ticked stands for. */
  as: 'all' | 'these'
  choices: readonly { id: string; name: string }[]
  chosen: readonly string[]
}

/** What is chosen and not among the choices, being beyond their number, can be kept as well. */
function ticked({ name, legend, hint, as, choices, chosen }: Ticked): Html {
  const beyond = chosen.filter((id) => !choices.some((choice) => choice.id === id)).map((id) => ({ id, name: id }))
  const all: Printable = [...choices, ...beyond].map(
    ({ id, name: said }) =>
      html`<label class="tick"><input type="checkbox" value="${id}"${chosen.includes(id) && html` checked`}> <bdi>${said}</bdi></label>\n`,
  )
  return html`<fieldset name="${name}" data-as="${as}" aria-describedby="${name}-error ${name}-hint"><legend>${legend}</legend>
<div class="ticks">${all}</div>
<p class="error" id="${name}-error" role="alert" hidden></p><p class="hint" id="${name}-hint">${hint}</p></fieldset>`
}
