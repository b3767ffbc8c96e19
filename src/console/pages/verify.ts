// Public: was this picture made here? The form answers with this page again, the answer on it; modules/verify.ts asks the same without
// leaving the page.

import { type Html, html } from '../html.ts'

/** What a picture may be reported for. */
export type ReportCategory = { readonly id: string; readonly name: string }

export type VerifyView = {
  /** None, and no picture can be reported here. */
  categories: readonly ReportCategory[]
  /** Whether a picture may be named by its address. */
  urls: boolean
  answer?: Html
}

export function verifyPage({ categories, urls, answer }: VerifyView): Html {
  return html`<section class="verify">
<header class="lead">
<h1>Was this picture made here?</h1>
<p>Give it to us and we look for three traces: a signed manifest, an invisible watermark, and our own record.</p>
</header>
<form class="ask" id="ask" method="post" action="/verify" enctype="multipart/form-data">
<div class="drop panel" id="drop">
<input class="unseen" id="file" name="file" type="file" accept="image/png,image/jpeg,image/webp,image/avif,image/gif,image/tiff" aria-describedby="drop-help">
<label for="file"><span class="choose">Choose a picture</span> <span class="or">or drop or paste one here</span></label>
<p class="hint" id="drop-help">PNG, JPEG, WebP, AVIF, GIF or TIFF. It is looked at once, for this answer, and not kept.</p>
</div>
<div class="by-address">
${
  urls &&
  html`<div class="field">
<label for="url">Or its address on the web</label>
<input id="url" name="url" type="url" maxlength="2048" placeholder="https://" autocomplete="off">
</div>`
}<button id="check">Check it</button>
</div>
<p class="error" id="ask-hint"></p>
</form>
<p class="unseen" id="announcer" role="status" aria-live="polite"></p>
${answer ?? html`<section id="answer" class="answer" hidden></section>`}
<aside class="limits" aria-labelledby="limits">
<h2 id="limits">What this cannot tell you</h2>
<ul>
<li>Finding nothing does not make a picture a photograph, nor human-made. Marks can be destroyed, and other generators leave other marks or none.</li>
<li>Finding our mark says where a picture was made, not whether what it shows is true, and never who asked for it.</li>
<li>The signature is checked against this installation’s own anchor. Elsewhere it may read as valid but from an unknown signer.</li>
</ul>
</aside>
</section>
${
  categories.length > 0 &&
  html`<template id="report-template">
<p>People look at what is reported. Nobody is told who reported it; what you write is erased once it is decided.</p>
<div class="field">
<label for="report-category">What is wrong with it?</label>
<select id="report-category" name="category">
${categories.map(({ id, name }) => html`<option value="${id}">${name}</option>\n`)}</select>
</div>
<div class="field">
<label for="report-text">More, if you like</label>
<textarea id="report-text" name="text" rows="4" maxlength="2000" dir="auto"></textarea>
</div>
<div class="field">
<label for="report-email">Your e-mail address, if we may ask back</label>
<input id="report-email" name="email" type="email" maxlength="254" autocomplete="email">
</div>
<p class="error" id="report-error" role="alert" hidden></p>
<button class="primary" id="report-send">Send the report</button>
</template>`
}`
}
