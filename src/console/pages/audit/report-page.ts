// One report on its page: which there are, the period by a form, the figures each with its definition, the tables with their pictures, and
// the pairs of numbers that must agree. Nothing on it needs script.

import {
  type AuditReport,
  type Figure,
  REPORT_NAMES,
  type ReportName,
  type Table,
} from '../../../audit/reports/report.ts'
import { dotAndWhisker } from '../../charts.ts'
import { type Html, html } from '../../html.ts'
import { exactly } from '../../times.ts'
import { figuresPicture, pictureOf } from './report-pictures.ts'
import { auditWays } from './ways.ts'

/** Days as they were asked for, and as a form shows them. */
export type AskedPeriod = { readonly from: string; readonly to: string }
/** What was wrong with which of the two. */
export type PeriodProblem = { readonly field: 'from' | 'to'; readonly detail: string }
export type ReportView = {
  readonly name: ReportName
  readonly asked: AskedPeriod
  readonly presets: readonly (AskedPeriod & { readonly name: string })[]
  readonly made: AuditReport | PeriodProblem
}

const TITLES: Readonly<Record<ReportName, string>> = {
  marks: 'Marks',
  moderation: 'Moderation',
  detector: 'Public check',
  retention: 'Retention',
  decisions: 'Decisions',
}
const SAID: Readonly<Record<ReportName, string>> = {
  marks: 'What the pictures carry that were released in the period, as it was read back from each finished file.',
  moderation:
    'What was restricted in the period and why, and what became of appeals: the rows of a transparency report.',
  detector: 'How the public check was used, counted by day when an answer was given; nothing of who asked is kept.',
  retention: 'What was erased in the period and why, and what is kept still.',
  decisions:
    'Who decided what under which version of the policy. People appear by a pseudonym that is theirs for one calendar month: nothing here connects one month with another.',
}

export function reportPage({ name, asked, presets, made }: ReportView): Html {
  return html`${auditWays('/audit/reports')}
<header class="lead"><h1>Reports</h1>
<p>Figures of a period of whole days in UTC, counted from the records in one snapshot. Restricted cases are counted and told no further.</p></header>
<nav class="ways reports" aria-label="Reports">
${REPORT_NAMES.map((one) => html`<a href="${addressOf(one, asked)}"${one === name && html` aria-current="page"`}>${TITLES[one]}</a>\n`)}</nav>
${periodForm(name, asked, presets, 'field' in made ? made : null)}
${'field' in made ? false : shown(made, asked)}`
}

function addressOf(name: ReportName, { from, to }: AskedPeriod): string {
  return `/audit/reports/${name}?${new URLSearchParams({ from, to })}`
}

function periodForm(
  name: ReportName,
  asked: AskedPeriod,
  presets: ReportView['presets'],
  problem: PeriodProblem | null,
): Html {
  const field = (of: 'from' | 'to', label: string) => {
    const wrong = problem?.field === of
    return html`<div class="field"><label for="${of}">${label}</label><input type="date" id="${of}" name="${of}" required value="${asked[of]}"${wrong && html` aria-invalid="true" aria-describedby="${of}-error"`}>
${wrong && html`<p class="error" id="${of}-error" role="alert">${problem.detail}</p>`}</div>`
  }
  return html`<form class="period" method="get" action="/audit/reports/${name}">
${field('from', 'From (UTC)')}
${field('to', 'Up to, not included')}
<button>Show</button>
</form>
<p class="presets">${presets.map((preset) => html`<a href="${addressOf(name, preset)}">${preset.name}</a>\n`)}</p>`
}

function shown(report: AuditReport, asked: AskedPeriod): Html {
  const { name, figures, tables, counted_at: countedAt, over } = report
  return html`<section class="report stack" aria-labelledby="report">
<div class="lead"><h2 id="report">${TITLES[name]}, <span class="date">${asked.from}</span> to <span class="date">${asked.to}</span></h2>
<p>${SAID[name]}</p>
<p class="hint">Counted ${exactly(new Date(countedAt))}. ${asked.to} is not included.${!over && html` <strong>The period is not over: these figures will grow.</strong>`}</p></div>
${reconciled(report)}
<section class="panel stack" aria-labelledby="figures"><div class="headed"><h3 id="figures">Figures</h3>${links(report, asked, null)}</div>
${figuresPicture(report)}
<dl class="sums">${figures.map(figureRow)}</dl>
${name === 'moderation' && payloads(asked)}</section>
${tables.map((table) => tableSection(report, table, asked))}
</section>`
}

function links({ name }: AuditReport, { from, to }: AskedPeriod, table: string | null): Html {
  const of = (more: Record<string, string>) => `/v1/audit/reports/${name}?${new URLSearchParams({ from, to, ...more })}`
  const csv = of({ format: 'csv', ...(table === null ? {} : { table }) })
  return html`<p class="links"><a href="${csv}" download>CSV<span class="unseen"> of ${table ?? 'the figures'}</span></a>${table === null && html` <a href="${of({})}">JSON of all</a>`}</p>`
}

function figureRow(figure: Figure): Html {
  const { title, definition, unmeasured } = figure
  return html`<div class="sum"><dt>${title}</dt>
<dd class="number">${figureValue(figure)}</dd>
<dd class="meaning">${definition}${unmeasured !== null && html` <strong>${unmeasured}</strong>`}${sampled(figure)}</dd></div>\n`
}

function figureValue({ value, of }: Figure): Html {
  if (value === null) return html`<span class="hint">not measured</span>`
  if (of === null) return html`${spoken(value)}`
  const percent = of === 0 ? '' : `, ${((100 * value) / of).toFixed(1)} %`
  return html`${spoken(value)} <span class="hint">of ${spoken(of)}${percent}</span>`
}

/** A share of a random sample has its doubt. */
function sampled({ title, value, of, interval }: Figure): Html | false {
  if (value === null || of === null || interval === null) return false
  return dotAndWhisker(title, { standing: 'enough', n: of, value: value / of, interval })
}

function spoken(value: number): string {
  return value.toLocaleString('en-GB')
}

/** Where what the Transparency Database takes is to be had. */
function payloads({ from, to }: AskedPeriod): Html {
  const query = new URLSearchParams({ from: `${from}T00:00:00Z`, to: `${to}T00:00:00Z` }).toString()
  return html`<p class="hint">The payloads: <a href="/v1/audit/statements?${query}">in pages as JSON</a>, or all of them by <code>darkroom statements export --from ${from} --to ${to} --out payloads.jsonl</code> (in a clone, <code>npm run darkroom --</code> in place of <code>darkroom</code>)</p>`
}

function tableSection(report: AuditReport, table: Table, asked: AskedPeriod): Html {
  const { name, title, definition, columns, rows } = table
  const cell = (row: Table['rows'][number], { name: of, number }: Table['columns'][number], first: boolean) => {
    const value = row[of] ?? null
    const text =
      value === null
        ? html`<span class="hint">none</span>`
        : typeof value === 'number'
          ? spoken(value)
          : html`<bdi>${value}</bdi>`
    if (first) return html`<th scope="row">${text}</th>`
    return html`<td${number && html` class="number"`}>${text}</td>`
  }
  return html`<section class="panel stack" aria-labelledby="${name}"><div class="headed"><h3 id="${name}">${title}</h3>${rows.length > 0 && links(report, asked, name)}</div>
<p class="hint">${definition}</p>
${rows.length === 0 && html`<p>None.</p>`}${
  rows.length > 0 &&
  html`${pictureOf(report.name, table)}
<div class="scrolls" role="group" aria-labelledby="${name}" tabindex="0"><table>
<thead><tr>${columns.map((column) => html`<th scope="col"${column.number && html` class="number"`}>${column.title}</th>`)}</tr></thead>
<tbody>${rows.map((row) => html`<tr>${columns.map((column, index) => cell(row, column, index === 0))}</tr>\n`)}</tbody></table></div>`
}</section>`
}

/** What agrees is said quietly; what does not, first. */
function reconciled({ differences, complete }: AuditReport): Html {
  if (differences.length === 0) return html``
  const wrong = differences.filter(({ difference }) => difference !== 0)
  const list = html`<ul class="pairs">${differences.map(({ what, expected, found, difference }) => html`<li${difference !== 0 && html` class="alarm"`}><span class="number">${expected} and ${found}</span> ${what}</li>\n`)}</ul>`
  if (complete)
    return html`<details class="agrees"><summary>These figures agree with the records and the log’s moves in all ${differences.length} pairs of numbers.</summary>${list}</details>`
  return html`<div class="callout" role="alert"><p><strong>${wrong.length} of ${differences.length} pairs of numbers do not agree.</strong> Something was added, removed or altered in the records, or never told to the log. Do not hand these figures out before it is known what.</p>${list}</div>`
}
