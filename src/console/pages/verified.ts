// The answer of the public check in plain words: the conclusion, each layer with its band and what it does not show, and what people may
// say of it. Drawn from the very answer that the API gives.

import { FEEDBACK_CHARACTERS } from '../../mark/feedback.ts'
import type { Layer } from '../../mark/layers.ts'
import type { Answer } from '../../mark/stranger.ts'
import type { Verdict } from '../../mark/verdict.ts'
import { type Html, html } from '../html.ts'

const verdicts: Record<Verdict, string> = {
  ours: 'Yes, made here.',
  ours_altered: 'Made here, then changed.',
  foreign_manifest: 'Signed by someone else.',
  none_found: 'No trace of us.',
  inconclusive: 'We cannot tell.',
}

const names: Record<Layer['layer'], string> = {
  manifest: 'Manifest',
  watermark: 'Watermark',
  fingerprint: 'Likeness',
  record: 'Record',
}

export function verifiedAnswer({ verdict, layers, notes, record }: Answer): Html {
  // The checker's last note is its conclusion.
  const judged = notes.slice(0, -1)
  return html`<section id="answer" class="answer" aria-labelledby="verdict" data-verdict="${verdict}" data-image="${record?.image_id}">
<div class="finding">
<h2 id="verdict" tabindex="-1">${verdicts[verdict]}</h2>
<p class="said">${withIds(notes.at(-1) ?? '')}</p>
<ul class="evidence large layers">
${layers.map(layerRow)}</ul>
${
  judged.length > 0 &&
  html`<details><summary>How this was judged</summary>
<ul class="plain notes">${judged.map((note) => html`<li>${withIds(note)}</li>`)}</ul>
</details>`
}
${feedbackForm(verdict)}
</div>
</section>`
}

function layerRow({ layer, confidence, shows, does_not_show }: Layer): Html {
  const found = confidence === 'none' ? 'no' : confidence === 'low' ? 'odd' : 'yes'
  const sure = confidence === 'none' ? 'no sign of us' : `${confidence} confidence`
  return html`<li data-found="${found}"><strong>${names[layer]}</strong> <span>${withIds(shows)} <span class="band">${sure}</span>
<span class="hint">${does_not_show}</span></span></li>
`
}

/** An id begins a line of its own before it is broken. */
const withIds = (text: string) =>
  text.split(/(img_\w+)/).map((part, i) => (i % 2 === 1 ? html`<code class="id">${part}</code>` : part))

function feedbackForm(verdict: Verdict): Html {
  return html`<form class="feedback stack" id="feedback" method="post" action="/verify/feedback">
<fieldset>
<legend>Is this answer right?</legend>
<input type="hidden" name="verdict" value="${verdict}">
<label for="feedback-text">Why, if you like. No picture is sent along, and nothing of who you are.</label>
<textarea id="feedback-text" name="text" rows="2" maxlength="${FEEDBACK_CHARACTERS}" dir="auto"></textarea>
<p class="acts"><button name="agrees" value="true">It is right</button> <button name="agrees" value="false">It is wrong</button></p>
</fieldset>
</form>`
}

/** After somebody said whether an answer was right. */
export function feedbackSaid(days: number): Html {
  return html`<section id="answer" class="answer" aria-labelledby="verdict" data-verdict="thanks">
<div class="finding">
<h2 id="verdict" tabindex="-1">Thank you.</h2>
<p class="said" id="feedback-said">Thank you. It is read by people and erased after ${days} days.</p>
</div>
</section>`
}

/** What could not be checked, and why. */
export function uncheckedAnswer(status: number, detail: string): Html {
  const title =
    status === 413
      ? 'That picture is too big.'
      : status === 415
        ? 'That is not a picture we can read.'
        : 'It could not be checked.'
  return html`<section id="answer" class="answer" aria-labelledby="verdict" data-verdict="error">
<div class="finding">
<h2 id="verdict" tabindex="-1">${title}</h2>
<p class="said">${sentence(detail)}</p>
</div>
</section>`
}

function sentence(text: string): string {
  const begun = `${text.charAt(0).toUpperCase()}${text.slice(1)}`
  return begun.endsWith('.') ? begun : `${begun}.`
}
