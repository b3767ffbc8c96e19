// A statement of reasons as the person concerned reads it. modules/statement.ts fetches it with the session's cookie, so a
// statement of another tenant is as absent here as it is in the API.

import { type Html, html } from '../html.ts'

export function statementPage(id: string, appealsOpen: boolean): Html {
  const address = `/v1/statements/${encodeURIComponent(id)}`
  return html`<article class="statement" id="statement" data-statement="${id}" data-appeals="${appealsOpen ? 'open' : 'closed'}">
<header class="lead">
<p class="kicker">Statement of reasons</p>
<h1 id="notice" tabindex="-1">Loading…</h1>
<p class="hint"><code>${id}</code></p>
</header>
<noscript><p class="callout">This page needs script. The statement itself is at <a href="${address}">${address}</a>.</p></noscript>
<div id="reasons" class="stack"></div>
</article>`
}
