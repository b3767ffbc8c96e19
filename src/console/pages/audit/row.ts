// One row of the log with its proof: the entry, what was opened of it, the path to the checkpoint's root, and how to check all of it.
// modules/audit-proof.ts recomputes it in the browser.

import { type Html, html } from '../../html.ts'
import { auditWays } from './ways.ts'

export type RowView = {
  index: number
  leafHash: string
  row: { entry: object; opened: object | null }
  proof: readonly string[]
  checkpoint: string
  key: string
}

export function rowPage(view: RowView): Html {
  return html`${auditWays('/audit')}<div class="stack">
<header class="lead">
<h1>Row <span class="number">${view.index}</span> of the log</h1>
<p>What the log has at this index, and the proof that it has it.</p>
</header>
${rowProof(view)}
<p class="unseen" id="announcer" role="status" aria-live="polite"></p>
</div>`
}

function rowProof({ index, leafHash, row, proof, checkpoint, key }: RowView): Html {
  const file = `row-${index}.tlog-proof`
  const address = `/v1/audit/rows/${index}`
  return html`<section class="stack proof" data-proof="${index}" data-leaf="${leafHash}" aria-label="Proof of row ${index}">
<dl class="particulars">
<div><dt>Entry</dt><dd><pre tabindex="0" aria-label="Entry">${pretty(row.entry)}</pre></dd></div>
<div><dt>Opened</dt><dd>${row.opened === null ? 'no: it belongs to a restricted case, and stays closed here' : html`<pre tabindex="0" aria-label="Opened">${pretty(row.opened)}</pre>`}</dd></div>
<div><dt>Leaf hash</dt><dd><code>${leafHash}</code></dd></div>
<div><dt>Path to the root</dt><dd>${proof.length === 0 ? 'none: it is the only leaf' : html`<ol class="path">${proof.map((hash) => html`<li><code>${hash}</code></li>`)}</ol>`}</dd></div>
<div><dt>Checkpoint</dt><dd><pre tabindex="0" aria-label="Checkpoint">${checkpoint}</pre></dd></div>
<div><dt>Key of the log</dt><dd><code>${key}</code> <span class="hint">As this service says it. Compare it with one that you have from elsewhere.</span></dd></div>
</dl>
<p class="row"><a class="button" href="${address}" download="${file}">Download the receipt<span class="unseen"> of row ${index}</span></a> <button type="button" data-check hidden>Check in this browser</button></p>
<ul class="checks" hidden></ul>
<p class="hint">This page comes from the service that it vouches for. On another machine, with the key from elsewhere, the receipt is checked by</p>
<pre class="command" tabindex="0" aria-label="Command">darkroom audit receipt ${file} --key log-key.txt</pre>
<p class="hint">(in a clone of the source, <code>npm run darkroom --</code> in place of <code>darkroom</code>) and whole periods by <code>verify.mjs</code>, which shares no code with this service and asks it nothing: see <a href="/audit/exports">exports</a>.</p>
</section>`
}

function pretty(value: object): string {
  return JSON.stringify(value, null, 2)
}
