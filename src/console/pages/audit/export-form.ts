// The form that orders an export, and beside it what that export would hold and prove, before it is ordered. Every button is one of the
// form's, so all of it works without script.

import type { KindChoice, TenantChoice } from '../../../audit/export-choices.ts'
import type { Outlook } from '../../../audit/export-range.ts'
import { type Html, html } from '../../html.ts'
import { PERIODS, type PeriodName, type Said } from './export-said.ts'
import { count, formatName } from './export-words.ts'

/** `field` is null where it is about none of them. */
export type Wrong = { readonly field: string | null; readonly detail: string }
export type ExportForm = {
  readonly said: Said
  readonly wrong: Wrong | null
  /** Null where what was said is refused. */
  readonly outlook: Outlook | null
  readonly tenants: readonly TenantChoice[] | null
  readonly kinds: readonly KindChoice[]
  /** The Idempotency-Key of the next order. */
  readonly key: string
  readonly keepDays: number
}

const PERIOD_NAMES: Readonly<Record<PeriodName, string>> = {
  today: 'Today so far',
  yesterday: 'Yesterday',
  week: 'Last 7 days',
  month: 'Last month',
  quarter: 'This quarter so far',
}
const FIELDS = ['from', 'to', 'tenant', 'kind', 'subject', 'formats']

export function exportForm(form: ExportForm): Html {
  const { said, wrong, key } = form
  const other = wrong !== null && (wrong.field === null || !FIELDS.includes(wrong.field)) ? wrong.detail : null
  return html`<form id="order" class="order panel" method="post" action="/audit/exports" novalidate aria-labelledby="order-name">
<h2 id="order-name">Order an export</h2>
<input type="hidden" id="key" name="key" value="${key}" data-own="">
<div class="order-fields stack">
<fieldset><legend>Period, in UTC</legend>
<div class="fields">
${field(form, 'from', 'From', html`<input type="datetime-local" id="from" name="from" value="${said.from}" required ${described(form, 'from')}>`)}
${field(form, 'to', 'To, not included', html`<input type="datetime-local" id="to" name="to" value="${said.to}" required ${described(form, 'to')}>`)}
</div>
<div class="row" role="group" aria-label="Take a period">
${PERIODS.map((name) => html`<button class="quiet" name="act" value="${name}">${PERIOD_NAMES[name]}</button>\n`)}</div>
</fieldset>
<div class="fields">
${field(form, 'tenant', 'Tenant', tenantChoice(form))}
${field(form, 'kind', 'Kind of event', kindChoice(form))}
</div>
${field(
  form,
  'subject',
  'About one generation, image, appeal or other id',
  html`<input id="subject" name="subject" value="${said.subject}" maxlength="200" autocomplete="off" autocapitalize="off" spellcheck="false" ${described(form, 'subject')}>`,
  'Empty: about all. With an id, completeness is not proven. It stands in the log from then on.',
)}
<fieldset><legend>Tables of the opened rows, beside</legend>
<div class="row">${(['csv', 'parquet'] as const).map((format) => html`<label class="tick"><input type="checkbox" name="formats" value="${format}"${said[format] && html` checked`}> ${formatName(format)}</label>\n`)}</div>
${error(form, 'formats')}</fieldset>
<p class="error" id="order-error" role="alert"${other === null && html` hidden`}>${other}</p>
</div>
${foreseen(form)}
<div class="row order-acts"><button class="primary" name="act" value="order">Order the export</button>
<button name="act" value="look" class="look">What will it hold?</button></div>
</form>`
}

function field(form: ExportForm, name: string, label: string, control: Html, hint?: string): Html {
  return html`<div class="field"><label for="${name}">${label}</label>${control}
${error(form, name)}${hint !== undefined && html`<p class="hint" id="${name}-hint">${hint}</p>`}</div>`
}

function error({ wrong }: ExportForm, name: string): Html {
  const said = wrong?.field === name ? wrong.detail : null
  return html`<p class="error" id="${name}-error" role="alert"${said === null && html` hidden`}>${said}</p>`
}

function described({ wrong }: ExportForm, name: string): Html {
  const hint = name === 'subject' && html` subject-hint`
  return html`aria-describedby="${name}-error${hint}"${wrong?.field === name && html` aria-invalid="true"`}`
}

function tenantChoice(form: ExportForm): Html {
  const { said, tenants } = form
  if (tenants === null)
    return html`<input id="tenant" name="tenant" value="${said.tenant}" placeholder="ten_…: its id; empty: all" autocomplete="off" autocapitalize="off" spellcheck="false" ${described(form, 'tenant')}>`
  return html`<select id="tenant" name="tenant" ${described(form, 'tenant')}><option value="">all tenants</option>
${tenants.map(({ id, name }) => html`<option value="${id}"${id === said.tenant && html` selected`}>${name}</option>\n`)}</select>`
}

function kindChoice(form: ExportForm): Html {
  const { said, kinds } = form
  const subjects = [...new Set(kinds.map(({ kind }) => subjectOf(kind)))]
  return html`<select id="kind" name="kind" ${described(form, 'kind')}><option value="">all kinds</option>
${subjects.map(
  (subject) => html`<optgroup label="${subject.replaceAll('_', ' ')}">
${kinds
  .filter(({ kind }) => subjectOf(kind) === subject)
  .map(
    ({ kind, says }) =>
      html`<option value="${kind}"${kind === said.kind && html` selected`}>${says} (${kind})</option>\n`,
  )}</optgroup>\n`,
)}</select>`
}

const subjectOf = (kind: string) => kind.split('.')[0] ?? kind

/** What is proven and what is not, as docs/audit.md has it. */
function foreseen({ said, outlook, tenants, keepDays }: ExportForm): Html {
  const name = tenants?.find(({ id }) => id === said.tenant)?.name ?? said.tenant
  return html`<section class="outlook stack" id="outlook" aria-labelledby="outlook-name" aria-live="polite">
<h3 id="outlook-name">What it will hold and prove</h3>
${
  outlook === null
    ? html`<p class="hint">Say a period that is over, and this tells what an export of it would hold.</p>`
    : html`<ul class="foreseen">
<li><b>About ${count(outlook.rows, 'row')}</b>: every leaf of the log from two minutes before the period to two minutes after it.</li>
<li>Opened are ${said.tenant === '' && said.kind === '' && said.subject === '' ? 'all rows of the period' : html`the rows of the period${said.tenant !== '' && html` of <bdi>${name}</bdi>`}${said.kind !== '' && html` of the kind <code>${said.kind}</code>`}${said.subject !== '' && html` about <code>${said.subject}</code>`}; the others stay closed`}.</li>
${
  !outlook.known &&
  html`<li><b class="unproven">No row of the log is about that</b>: an export of it opens nothing.</li>
`
}<li>Rows about restricted cases are never opened. How many, and where, the export tells.</li>
<li>${said.subject === '' ? html`<b class="proven">Completeness is proven</b>: anybody can check that no row that matches was left closed, but for those.` : html`<b class="unproven">Completeness is not proven</b>: whom an event is about is not in the log, so that nobody can check that no row about it was left closed.`}</li>
<li>Proven too: no row was changed since it was signed, none was left out of the range, and the log only grew.</li>
<li>Not proven: that a row says the truth, that everything that happened is a row, and when, beyond the operator’s clock.</li>
<li>${outlook.whole ? 'The log has every event of the period: it is made at once.' : 'The log does not have every event of the period yet: it is made once it has.'} ${keepDays === 0 ? 'It is kept until somebody takes it away.' : `It is kept for ${count(keepDays, 'day')}.`}</li>
</ul>`
}
</section>`
}
