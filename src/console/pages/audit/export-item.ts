// One export on its page: what was asked for, how far it is, and once it is made what it has, where it is and how anybody verifies it.

import type { ExportBrief } from '../../../audit/export-records.ts'
import { keptUntil } from '../../../audit/export-retention.ts'
import { type Html, html } from '../../html.ts'
import { exactly, time } from '../../times.ts'
import { count, type ExportState, failureOf, figure, formatName, STATES, sizeOf } from './export-words.ts'

export type ItemContext = {
  /** By id. */
  readonly names: ReadonlyMap<string, string>
  /** The log's verifier key. */
  readonly key: string
  readonly keepDays: number
  readonly now: Date
}
type Item = ExportBrief & { state: ExportState }

export function exportItem(row: Item, context: ItemContext): Html {
  const { id, state, period_from: from, period_to: to } = row
  return html`<li class="export panel stack" id="${id}" data-state="${state}">
<header><h3 tabindex="-1">${exactly(from)} <span class="until">to ${exactly(to)}</span></h3>
<span class="state">${STATES[state]}</span></header>
<p class="hint">${asked(row, context)} Ordered ${time(row.created_at, context.now)} as <code>${id}</code>.</p>
${stateOf(row, context)}
${removal(row)}
</li>
`
}

function asked({ tenant_id: tenant, kind, subject, csv, parquet }: Item, { names }: ItemContext): Html {
  const tables = [csv && formatName('csv'), parquet && formatName('parquet')].filter((one) => one !== false)
  return html`${tenant === null ? 'All tenants' : html`<bdi>${names.get(tenant) ?? tenant}</bdi>`}, ${kind === null ? 'all kinds' : html`<code>${kind}</code>`}${subject !== null && html`, about <code>${subject}</code>`}${tables.length > 0 && html`, with ${tables.join(' and ')}`}.`
}

function stateOf(row: Item, context: ItemContext): Html {
  switch (row.state) {
    case 'waiting':
      return html`<progress aria-label="How far it is"></progress>
<p>It waits until the log has every event of the period. That takes seconds while the log grows; <a href="/audit/log">how the log does</a>.</p>${again(row)}`
    case 'running':
      return html`${progress(row)}${again(row)}`
    case 'done':
      return made(row, context)
    case 'failed': {
      const { because, remedy } = failureOf(row.failure)
      return html`<p class="callout"><b>${because}</b> ${remedy} <span class="hint">(<code>${row.failure ?? 'internal'}</code>)</span></p>${kept(row, context)}`
    }
  }
}

function again({ failure }: Item): Html | false {
  return failure !== null && html`<p class="callout">${failureOf(failure).because} It is tried again by itself.</p>`
}

function progress({ rows_done: done, range_first: first, range_end: end }: Item): Html {
  const all = Number(end) - Number(first)
  return html`<progress aria-label="How far it is" value="${done}" max="${Math.max(1, all)}"></progress>
<p>${Number(done) < all ? html`<span class="number">${figure(Number(done))}</span> of ${count(all, 'row')} are written.` : html`All ${count(all, 'row')} are written; they are being read back and signed.`}</p>`
}

function made(row: Item, context: ItemContext): Html {
  const { id, counts, size_bytes: size, sha256, subject, done_at: at, range_first: first, range_end: end } = row
  const file = `${id}.tar`
  return html`<dl class="traits">
${trait('Rows', html`<span class="number">${figure(counts?.rows ?? 0)}</span>, within the period <span class="number">${figure(counts?.within ?? 0)}</span>`)}
${trait('Opened', html`<span class="number">${figure(counts?.opened ?? 0)}</span>${counts?.opened === 0 && ': no row matches, and it shows that'}`)}
${trait('Withheld', html`<span class="number">${figure(counts?.withheld ?? 0)}</span> about restricted cases`)}
${trait('Complete', subject === null ? html`<span class="proven">proven</span>` : html`<span class="unproven">not proven</span>: by subject`)}
${trait('Size', sizeOf(Number(size)))}
${at !== null && trait('Made', time(at, context.now))}
${trait('SHA-256', html`<code class="digest">${sha256}</code>`)}
</dl>
${kept(row, context)}
<div class="row"><a class="button primary" href="/v1/audit/exports/${id}/archive" download="${file}">Download<span class="unseen"> ${file}</span></a></div>
<p class="error" role="alert" data-gone hidden></p>
<details class="verifying"><summary>Verify it</summary>
<p>On a machine that need not be ours, with Node 20 or later; neither asks the service anything.</p>
${command(`node verify.mjs ${file} --key '${context.key}'`, 'by one file without dependencies, which shares no code with this service')}
${command(`darkroom audit verify ${file} --key '${context.key}'`, 'by our own; in a clone of the source, npm run darkroom -- in place of darkroom')}
<p class="hint">Take <code>verify.mjs</code> and the key from where you first came to know the log, rather than from this page. By <code>--checkpoint</code> name one that you kept, of ${figure(Number(first))} to ${figure(Number(end))} leaves: of other sizes this export shows nothing.</p>
</details>`
}

function trait(name: string, value: Html | string): Html {
  return html`<div><dt>${name}</dt><dd>${value}</dd></div>\n`
}

function command(text: string, what: string): Html {
  return html`<div class="command"><code>${text}</code><button type="button" class="quiet" data-copy="${text}">Copy<span class="unseen"> the command</span></button><span class="hint">${what}</span></div>\n`
}

function kept(row: Item, { keepDays, now }: ItemContext): Html | false {
  const until = keptUntil(row, keepDays)
  return until !== null && html`<p class="hint">Kept until ${exactly(until)} (${time(until, now)}).</p>`
}

function removal({ id, state }: Item): Html {
  const what = state === 'done' ? 'Its archive is removed for everybody.' : 'It is given up.'
  return html`<details class="removal"><summary>Take it away<span class="unseen"> (${id})</span></summary>
<form method="post" action="/audit/exports" data-remove="${id}">
<p>${what} That it was ordered${state === 'done' && ' and made'}, and who took it away, stays in the log.</p>
<div class="row"><button name="act" value="remove.${id}">Take ${id} away</button></div>
<p class="error" role="alert" hidden></p>
</form></details>`
}
