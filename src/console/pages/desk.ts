// The reviewer's desk, empty: modules/desk/ fills it. `/review` has every lane; `/appeals` the second looks alone. Both are the same page, so that nobody judges an appeal otherwise than anything else.

import { type Html, html } from '../html.ts'

export type DeskPage = { title: string; hint: string; lane: 'second_look' | ''; lead: boolean }

const outcomes = [
  ['allow', 'Allow', 'A'],
  ['deny', 'Deny', 'D'],
  ['omit', 'Leave undecided', 'O'],
] as const

export function deskPage({ title, hint, lane, lead }: DeskPage): Html {
  return html`<div class="desk" id="desk" data-lane="${lane}" data-lead="${lead ? 'yes' : 'no'}" data-view="loading" aria-busy="true">
<header class="deskbar">
<h1>${title}</h1>
<p class="counts" id="counts"></p>
<p class="live" id="live" role="status"></p>
<div class="row">
<button type="button" class="quiet" id="commands" title="Ctrl K">Commands</button>
<button type="button" class="quiet" id="open-keys" title="?">Keys</button>
<button type="button" class="quiet" id="break" title="B">Break</button>
<button type="button" class="quiet" id="end">End shift</button>
</div>
</header>
<div class="sent" id="sent" hidden><p></p><div class="row"></div></div>
<noscript><p class="callout">The desk needs script: it holds a claim for each item while you look at it.</p></noscript>
<div id="handovers" class="stack"></div>
<div id="notices" class="stack"></div>
<div class="easel">
<section class="subject" aria-labelledby="item-title">
<h2 id="item-title" tabindex="-1">${hint}</h2>
<ul class="itemfacts" id="facts"></ul>
<div id="before" class="stack"></div>
<figure id="picture" data-size="m"></figure>
<div class="row tools" id="picture-tools" role="group" aria-label="Picture"></div>
<div id="words" class="stack"></div>
</section>
<form class="verdict panel" id="verdict" novalidate aria-label="Verdict">
<fieldset class="outcomes" data-field="outcome">
<legend>What is it?</legend>
${outcomes
  .filter(([value]) => lead || value !== 'omit')
  .map(
    ([
      value,
      name,
      key,
    ]) => html`<label><input type="radio" name="outcome" value="${value}"><span>${name}</span> <kbd aria-hidden="true">${key}</kbd></label>
`,
  )}<p class="error" role="alert" hidden></p>
</fieldset>
<div id="steps" class="stack"></div>
<div class="field" data-field="note">
<label for="note">Note for colleagues <kbd aria-hidden="true">N</kbd></label>
<textarea id="note" rows="2" maxlength="2000" dir="auto"></textarea>
<p class="error" role="alert" hidden></p>
</div>
<p class="error" id="verdict-error" role="alert" hidden></p>
<div data-field="unseen"><p class="error" role="alert" hidden></p></div>
<button class="primary" id="send">Decide</button>
<div class="row">
<button type="button" class="quiet" id="look-at" title="V">Preview</button>
<button type="button" class="quiet" id="back" title="R">Give it back</button>
${!lead && html`<button type="button" class="quiet" id="up" title="E">Hand it up</button>`}
<button type="button" class="quiet" id="pass" title="X">Not this kind</button>
</div>
<div id="preview" class="stack" aria-live="polite"></div>
</form>
<section class="told panel stack" id="told" aria-label="What it was"></section>
</div>
<section class="rest stack" id="rest"></section>
<p class="callout" id="elsewhere" hidden><span id="elsewhere-count"></span> <button type="button" class="quiet" id="take-over">Take one over</button></p>
<footer class="deskfoot"><p class="hint" id="shift"></p><button type="button" class="quiet" id="skips">What I would rather not see</button></footer>
<p class="unseen" id="announcer" role="status" aria-live="polite"></p>
<dialog id="palette" aria-label="Commands">
<input id="palette-ask" type="text" role="combobox" aria-expanded="true" aria-controls="palette-list" aria-autocomplete="list" aria-label="What to do" placeholder="What to do" autocomplete="off">
<ul id="palette-list" role="listbox" aria-label="Commands"></ul>
</dialog>
<dialog id="keys" aria-labelledby="keys-title"></dialog>
<dialog id="shift-dialog" aria-labelledby="shift-title"></dialog>
</div>`
}
