// The playground: on the left what to draw, on the right the tray in which it develops, below the contact sheet of earlier ones.
// The modules fill the tray and the sheet; the form's options come from the models' cards.

import type { ModelCard, Size } from '../../kernel/model.ts'
import { EN } from '../../statement/speech/en.ts'
import type { ConsoleOptions, ConsoleSession } from '../console.ts'
import { type Html, html } from '../html.ts'
import { wordsFor } from './statement.ts'

const examples = [
  'a red boat on the beach at sunset',
  'a yellow hot air balloon over snowy mountains at dawn',
  'a white rabbit in a meadow by moonlight',
]

const words = (size: Size) => `${size.width}x${size.height}`

/** What the form's script needs of each card, in the shape of its `Card`. */
function cardsFor(models: readonly ModelCard[]): string {
  const cards = models.map((model) => ({
    id: model.id,
    sizes: model.sizes.supported.map(words),
    size: words(model.sizes.default),
    steps: { low: model.quality.low.steps, medium: model.quality.medium.steps, high: model.quality.high.steps },
  }))
  return JSON.stringify(cards)
}

export function playgroundPage(session: ConsoleSession, options: ConsoleOptions): Html {
  const { models } = options
  const { purposes } = session
  return html`<h1 class="unseen">Playground</h1>
<div class="bench">
<form class="enlarger panel stack" id="order" data-cards="${cardsFor(models)}" novalidate>
<input type="hidden" name="previews" value="2">
<noscript><p class="callout">The playground needs script to follow a picture while it develops. The <a href="/docs">API</a> does everything that it does.</p></noscript>
${models.length === 0 && html`<p class="callout">No model is installed, so nothing can be drawn yet. An operator can add one with <code>darkroom models</code>.</p>`}
<div class="field">
<label for="prompt">What should it show?</label>
<textarea id="prompt" name="prompt" rows="4" dir="auto" required autofocus aria-describedby="prompt-error prompt-help" placeholder="a red boat on the beach at sunset"></textarea>
<p class="error" id="prompt-error" role="alert" hidden></p>
<p class="hint" id="prompt-help"><kbd>Ctrl</kbd> <kbd>Enter</kbd> develops it</p>
</div>
<div class="fields">
${choice(
  'model',
  'Model',
  models.map((model) => [model.id, model.id] as const),
)}
${choice('size', 'Size', [['auto', 'auto']])}
${choice('quality', 'Quality (steps)', [
  ['auto', 'auto'],
  ['low', 'low'],
  ['medium', 'medium'],
  ['high', 'high'],
])}
${number('n', 'Pictures', { min: 1, max: 10, value: 1 })}
</div>
<details class="more">
<summary>More options</summary>
<div class="fields">
${number('seed', 'Seed', { min: 0, placeholder: 'random' })}
${choice('output_format', 'Format', [
  ['png', 'PNG'],
  ['jpeg', 'JPEG'],
  ['webp', 'WebP'],
])}
${purposes.length > 0 && choice('purpose', 'Purpose', [['', 'not said'], ...purposes.map((one) => [one, one] as const)])}
</div>
<div class="field">
<label for="negative_prompt">What should it leave out?</label>
<input id="negative_prompt" name="negative_prompt" dir="auto" autocomplete="off">
<p class="error" id="negative_prompt-error" role="alert" hidden></p>
</div>
<div class="field">
<label class="tick"><input id="label" name="label" type="checkbox"> Say on the picture that it is AI-made</label>
<p class="error" id="label-error" role="alert" hidden></p>
</div>
</details>
<p class="error" id="order-error" role="alert" hidden></p>
<button class="primary" id="develop" data-models="${models.length}" disabled>Develop</button>
</form>
<section class="tray" id="tray" aria-labelledby="tray-title">
<div class="empty">
<div class="sheet" aria-hidden="true"></div>
<h2 id="tray-title" tabindex="-1">The tray is empty</h2>
<p>Say what you would like to see. Nothing leaves this room before it has been checked, watermarked and signed, not even a preview.</p>
<ul class="examples" aria-label="Examples">
${examples.map((text) => html`<li><button type="button" class="chip" data-example="${text}">${text}</button></li>\n`)}</ul>
</div>
</section>
</div>
<p class="unseen" id="announcer" role="status" aria-live="polite"></p>
<section class="contacts" aria-labelledby="contacts-title">
<header><h2 id="contacts-title">Contact sheet</h2><p class="hint" id="contacts-note">Loading…</p></header>
<ol class="film" id="film"></ol>
<button class="quiet" id="older" type="button" hidden>Show earlier ones</button>
</section>
${wordsFor({ reasons: EN.reasons })}`
}

function choice(name: string, label: string, options: readonly (readonly [string, string])[]): Html {
  return html`<div class="field">
<label for="${name}">${label}</label>
<select id="${name}" name="${name}">${options.map(([value, text]) => html`<option value="${value}">${text}</option>`)}</select>
<p class="error" id="${name}-error" role="alert" hidden></p>
</div>`
}

function number(name: string, label: string, attributes: Record<string, string | number>): Html {
  return html`<div class="field">
<label for="${name}">${label}</label>
<input id="${name}" name="${name}" type="number" inputmode="numeric" autocomplete="off"${Object.entries(attributes).map(([key, value]) => html` ${key}="${value}"`)}>
<p class="error" id="${name}-error" role="alert" hidden></p>
</div>`
}
