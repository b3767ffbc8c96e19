// Exports of the log: ordering one, and all that there are, newest first. modules/audit-exports.ts orders and takes away by the API and
// keeps the list as it is now; without script forms do the same.

import type { ExportBrief } from '../../../audit/export-records.ts'
import { type Html, html } from '../../html.ts'
import { type ExportForm, exportForm } from './export-form.ts'
import { exportItem, type ItemContext } from './export-item.ts'
import { auditWays } from './ways.ts'

export type ExportsPage = {
  readonly form: ExportForm
  readonly context: ItemContext
  readonly rows: readonly ExportBrief[]
  readonly hasMore: boolean
  /** The export after which this page of the list begins; null: the first. */
  readonly after: string | null
}

const SOON_MS = 2000
const LATER_MS = 30_000

export function exportsPage({ form, context, rows, hasMore, after }: ExportsPage): Html {
  const moving = rows.some(({ state }) => state === 'waiting' || state === 'running')
  return html`${auditWays('/audit/exports')}<header class="lead">
<h1>Exports</h1>
<p>A period of the log as one archive, which anybody can verify without this service. Who had one made, fetched it or took it away is in the log.</p>
<p class="unseen" id="announcer" role="status"></p>
</header>
${exportForm(form)}
<section class="stack exports" aria-labelledby="exports-name">
<h2 id="exports-name" tabindex="-1">Ordered so far</h2>
<p class="live hint" id="live" role="status"></p>
<div id="live-part" data-live="${moving ? SOON_MS : LATER_MS}">
${rows.length === 0 ? none(after) : list(rows, context)}
<nav class="row" aria-label="Pages of the list">${after !== null && html`<a class="button" href="/audit/exports#exports-name">To the newest</a>`}
${hasMore && html`<a class="button" rel="next" href="/audit/exports?after=${rows.at(-1)?.id}#exports-name">Older ones</a>`}</nav>
</div>
</section>`
}

function none(after: string | null): Html {
  return html`<p class="panel">${after === null ? 'None was ordered so far, or all were taken away.' : 'There are no older ones.'}</p>`
}

function list(rows: readonly ExportBrief[], context: ItemContext): Html {
  return html`<ol class="exports-list">
${rows.map((row) => {
  const { state } = row
  return state !== 'removing' && exportItem({ ...row, state }, context)
})}</ol>`
}
