// A statement of reasons as the person concerned reads it, and where they appeal. No account is needed: modules/statement.ts reads the
// secret from the link's fragment, which never reaches a server by itself, or goes by the session; so the page is the same for everybody
// and says nothing of whether there is such a statement. It comes in one of the languages of statement/speech, whose words the modules
// find on the page.

import { SPEECHES } from '../../statement/speech/languages.ts'
import type { Speech } from '../../statement/speech/speech.ts'
import { type Html, html } from '../html.ts'

type Options = {
  speech: Speech
  /** Those that a person may declare with an appeal, with what they are called here. */
  purposes: readonly { id: string; name: string }[]
  /** How long the text of an appeal may be. */
  characters: number
}

export function statementPage(id: string, { speech, purposes, characters }: Options): Html {
  const { page, appeal, language } = speech
  return html`<article class="statement stack" id="statement" data-statement="${id}">
${wordsFor({ reasons: speech.reasons, appeal })}
<div class="stack">
<nav class="languages" id="languages" aria-label="${page.languages}">
${SPEECHES.map((one) => html`<a href="?lang=${one.language}" lang="${one.language}" hreflang="${one.language}"${one.language === language && html` aria-current="true"`}>${one.name}</a>\n`)}</nav>
<header class="lead">
<p class="kicker">${page.title}</p>
<h1 id="notice" tabindex="-1">${page.loading}</h1>
<p class="hint"><code>${id}</code></p>
</header>
<p class="callout" id="binding" hidden>${page.binding} <a href="?lang=en" hreflang="en">${page.bindingLink}</a>.</p>
<noscript><p class="callout">${page.noScript.replace('{id}', id)}</p></noscript>
<div id="way" hidden><button type="button" id="to-appeal">${speech.reasons.wayToAppeal}</button></div>
</div>
<div id="reasons" class="stack"></div>
<section id="appeal" class="stack" aria-labelledby="appeal-title" hidden>
<h2 id="appeal-title" tabindex="-1">${page.appeal}</h2>
<p id="appeal-state" role="status"></p>
<ol class="steps" id="appeal-steps" hidden></ol>
<div id="appeal-answer" class="stack"></div>
<div id="withdraw" class="stack" hidden>
<div><button type="button" class="quiet" id="withdraw-ask" aria-expanded="false" aria-controls="withdraw-sure">${appeal.withdraw}</button></div>
<div class="panel stack" id="withdraw-sure" hidden>
<p id="withdraw-words" tabindex="-1">${appeal.sure}</p>
<div class="row">
<button type="button" id="withdraw-yes">${appeal.yes}</button>
<button type="button" id="withdraw-no">${appeal.no}</button>
</div>
<p class="error" id="withdraw-error" role="alert" hidden></p>
</div>
</div>
<form id="appeal-form" class="panel stack" data-most="${characters}" novalidate hidden>
<p data-new>${page.intro}</p>
<div class="field">
<label for="text">${page.why}</label>
<textarea id="text" name="text" rows="6" dir="auto" required aria-describedby="text-error text-count"></textarea>
<p class="error" id="text-error" role="alert" hidden></p>
<p class="hint" id="text-count" data-new></p>
</div>
${
  purposes.length > 0 &&
  html`<div class="field" data-new>
<label for="purpose">${page.purpose}</label>
<select id="purpose" name="purpose">
<option value="">${page.noPurpose}</option>
${purposes.map((purpose) => html`<option value="${purpose.id}">${purpose.name}</option>\n`)}</select>
<p class="error" id="purpose-error" role="alert" hidden></p>
</div>`
}
<p class="error" id="appeal-error" role="alert" hidden></p>
<button class="primary" id="send" data-new>${page.send}</button>
</form>
</section>
</article>`
}

/** Where modules find the words of the page's language; parts that a page has no use for are left out. */
export function wordsFor(words: Partial<Pick<Speech, 'reasons' | 'appeal'>>): Html {
  return html`<template id="words" data-words="${JSON.stringify(words)}"></template>`
}
