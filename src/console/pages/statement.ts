// A statement of reasons as the person concerned reads it, and where they appeal. No account is needed: modules/statement.ts reads the
// secret from the link's fragment, which never reaches a server by itself, or goes by the session; so the page is the same for everybody
// and says nothing of whether there is such a statement.

import { type Html, html } from '../html.ts'

/** `purposes`: those that a person may declare with an appeal. */
export function statementPage(id: string, purposes: readonly string[]): Html {
  return html`<article class="statement" id="statement" data-statement="${id}">
<header class="lead">
<p class="kicker">Statement of reasons</p>
<h1 id="notice" tabindex="-1">Loading…</h1>
<p class="hint"><code>${id}</code></p>
</header>
<noscript><p class="callout">This page needs script: it sends the part of the link after the # itself, so that no server logs it. Without script, <code>GET /v1/statements/${id}</code> answers whoever sends that part as <code>Darkroom-Statement-Secret</code>.</p></noscript>
<div id="reasons" class="stack"></div>
<section id="appeal" class="stack" aria-labelledby="appeal-title" hidden>
<h2 id="appeal-title" tabindex="-1">Appeal</h2>
<div id="appeal-state" class="stack" role="status"></div>
<form id="appeal-form" class="panel stack" novalidate hidden>
<p>You can appeal once, free of charge. People who took no part in the decision look at it again. They first judge for themselves, knowing only what you say it was for; then they read what you write here, and can still change their minds. Nobody else is shown it.</p>
<div class="field">
<label for="text">Why should this be decided otherwise?</label>
<textarea id="text" name="text" rows="6" dir="auto" required aria-describedby="text-error text-count"></textarea>
<p class="error" id="text-error" role="alert" hidden></p>
<p class="hint" id="text-count"></p>
</div>
${
  purposes.length > 0 &&
  html`<div class="field">
<label for="purpose">What was it for?</label>
<select id="purpose" name="purpose">
<option value="">none of these</option>
${purposes.map((purpose) => html`<option value="${purpose}">${purpose}</option>\n`)}</select>
<p class="error" id="purpose-error" role="alert" hidden></p>
</div>`
}
<p class="error" id="appeal-error" role="alert" hidden></p>
<button class="primary" id="send">Send the appeal</button>
</form>
</section>
</article>`
}
