// What was decided about a tenant's requests and pictures, newest first, for those who answer its users: what was restricted, how the
// appeal stands and by when, and the link to hand on. A table of the server's; modules/decisions.ts only copies links.

import type { Listed, Standing } from '../../statement/standing.ts'
import type { Tally } from '../../statement/tally.ts'
import { type Html, html } from '../html.ts'
import { counters } from './counters.ts'

export type Asked = { readonly state: Listed | null; readonly about: string }
type Row = Standing & { readonly link: string | null }
type Options = {
  asked: Asked
  tally: Tally
  rows: readonly Row[]
  /** The last of this page, where there are more. */
  next: string | null
  first: boolean
  now: Date
}

const states: Readonly<Record<Listed, string>> = {
  appealable: 'can be appealed',
  open: 'appeal received',
  reviewing: 'being looked at',
  upheld: 'looked at again: stands',
  overturned: 'reversed',
  partial: 'stands for another reason',
  omitted: 'closed without a decision',
  withdrawn: 'appeal taken back',
}
const restrictions = {
  request_refused: 'Request refused',
  image_withheld: 'Picture withheld',
  image_withdrawn: 'Picture withdrawn',
}

const closed = {
  final: 'none: it follows from an appeal',
  restricted: 'none: a restricted case',
  none: 'none: its owner took it back',
}

export function decisionsPage({ asked, tally, rows, next, first, now }: Options): Html {
  const filtered = asked.state !== null || asked.about !== ''
  return html`<div class="stack">
<header class="lead">
<h1>Decisions</h1>
<p>What was refused, withheld or taken back, and how the appeals stand. The link of each is for the person concerned: whoever has it reads the statement and can use its one appeal.</p>
</header>
${counters(tally)}
<form class="filters panel" method="get" action="/decisions" role="search">
<div class="field">
<label for="state">State</label>
<select id="state" name="state">
<option value="">all</option>
${Object.entries(states).map(([state, name]) => html`<option value="${state}"${state === asked.state && html` selected`}>${name}</option>\n`)}</select>
</div>
<div class="field">
<label for="about">Request, picture or statement</label>
<input id="about" name="about" value="${asked.about}" maxlength="100" placeholder="req_… img_… sor_…" autocomplete="off" autocapitalize="off" spellcheck="false">
</div>
<div class="row">
<button id="show">Show</button>
${filtered && html`<a class="button" href="/decisions">Show all</a>`}
</div>
</form>
${rows.length === 0 ? nothing(filtered, first) : table(rows, now)}
<nav class="row" aria-label="Pages">
${!first && html`<a class="button" href="${addressOf(asked, null)}">To the newest</a>`}
${next !== null && html`<a class="button" href="${addressOf(asked, next)}" rel="next">Older ones</a>`}
</nav>
<p class="unseen" id="announcer" role="status"></p>
</div>`
}

function nothing(filtered: boolean, first: boolean): Html {
  if (!first) return html`<p class="callout">There are no older ones.</p>`
  return filtered
    ? html`<p class="callout">Nothing of yours is like that. An id begins with req_, img_ or sor_ and is found only if it was restricted.</p>`
    : html`<p class="callout">Nothing of yours was refused, withheld or taken back so far.</p>`
}

function table(rows: readonly Row[], now: Date): Html {
  return html`<table class="decisions" role="table">
<caption class="unseen">Decisions, newest first</caption>
<thead role="rowgroup"><tr role="row"><th role="columnheader" scope="col">Decision</th><th role="columnheader" scope="col">When</th><th role="columnheader" scope="col">Appeal</th><th role="columnheader" scope="col">For the person concerned</th></tr></thead>
<tbody role="rowgroup">
${rows.map((row) => rowOf(row, now))}</tbody>
</table>`
}

function rowOf({ statement, appeal, replacedBy, link }: Row, now: Date): Html {
  const { id, restriction, subject, categoryName, decidedAt, decidedBy } = statement
  const path = `/statements/${id}`
  const stands = appeal === null ? withoutAppeal(statement, now) : withAppeal(appeal, replacedBy, now)
  return html`<tr role="row" data-state="${appeal?.state ?? ''}">
<td role="cell"><a href="${path}"><strong>${restrictions[restriction]}</strong></a>${categoryName !== null && html`, ${categoryName}`}${decidedBy === 'owner' && html`, by its owner`}<br><code>${subject.id}</code></td>
<td role="cell">${day(decidedAt)}</td>
<td role="cell">${stands}</td>
<td role="cell">${
    link === null
      ? html`<span class="hint">no link</span>`
      : html`<a href="${link}" class="handed" title="${link}">The link<span class="unseen"> of ${id}</span></a> <button type="button" class="quiet" data-copy="${link}" data-copied="The link is copied.">Copy<span class="unseen"> the link of ${id}</span></button>`
  }</td>
</tr>
`
}

function withAppeal(
  { state, due_at, ended_at }: NonNullable<Standing['appeal']>,
  replacedBy: string | null,
  now: Date,
): Html {
  const waiting = state === 'open' || state === 'reviewing'
  const name = html`<span class="state">${states[state]}</span>`
  if (!waiting)
    return html`${name}${ended_at !== null && html`<br><span class="hint">${day(ended_at)}</span>`}${replacedBy !== null && html`<br><a href="/statements/${replacedBy}">the new statement</a>`}`
  if (due_at === null) return name
  const late = Date.parse(due_at) < now.getTime()
  return html`${name}<br><span class="${late ? 'error' : 'hint'}">${late ? 'late since' : 'by'} ${day(due_at)}</span>`
}

function withoutAppeal({ redress }: Standing['statement'], now: Date): Html {
  if (redress.kind !== 'full') return html`<span class="hint">${closed[redress.kind]}</span>`
  const over = Date.parse(redress.appealUntil) < now.getTime()
  return over
    ? html`<span class="hint">could be appealed until ${day(redress.appealUntil)}</span>`
    : html`${states.appealable}<br><span class="hint">until ${day(redress.appealUntil)}</span>`
}

function addressOf({ state, about }: Asked, after: string | null): string {
  const query = new URLSearchParams()
  if (state !== null) query.set('state', state)
  if (about !== '') query.set('about', about)
  if (after !== null) query.set('after', after)
  return query.size === 0 ? '/decisions' : `/decisions?${query}`
}

const DAY = new Intl.DateTimeFormat('en', { day: 'numeric', month: 'short', year: 'numeric', timeZone: 'UTC' })

function day(iso: string): Html {
  return html`<time datetime="${iso}">${DAY.format(new Date(iso))}</time>`
}
