// The item's words: why it is here as far as that is told, since when and until when it waits, what the prompt was once it is asked for,
// the report, what a colleague left with it, and identical ones. Long prompts scroll in their place; every text knows its direction.

import type { ItemView } from '../../../review/view.ts'
import { post, problemOf } from '../api.ts'
import { announce, button, el, find, plural, when } from '../dom.ts'
import { addressOf } from './claims.ts'
import { shift } from './shift.ts'
import { readVerdict } from './verdict.ts'

const lanes = { first_look: 'Held picture', second_look: 'Second look', report: 'Report', restricted: 'Restricted' }
const title = find('item-title', HTMLElement)
const facts = find('facts', HTMLElement)
const before = find('before', HTMLElement)
const words = find('words', HTMLElement)
const preview = find('preview', HTMLElement)

let item: ItemView | null = null

export function showItem(next: ItemView): void {
  item = next
  const { lane, language, waiting_since, deadline_at, purpose, subject } = next
  title.textContent = subject.kind === 'image' ? lanes[lane] : `${lanes[lane]}: a prompt`
  facts.replaceChildren(
    ...[
      el('li', {}, 'came ', when(waiting_since)),
      el('li', {}, 'due ', when(deadline_at)),
      language !== null && el('li', {}, nameOf(language)),
      purpose !== null && el('li', {}, `for ${purpose}`),
    ].filter((one) => one !== false),
  )
  preview.replaceChildren()
  drawWords()
}

const nameOf = (language: string) => new Intl.DisplayNames('en', { type: 'language' }).of(language) ?? language

function drawWords(): void {
  if (item === null) return
  const { report, handover_note, alike, erased } = item
  before.replaceChildren(
    ...[
      handover_note !== null &&
        el('p', { class: 'callout' }, 'A colleague says: ', el('span', { dir: 'auto' }, handover_note)),
      report !== null &&
        el(
          'div',
          {},
          el('h3', {}, `Reported for ${report.category}`),
          report.text !== null && el('blockquote', { class: 'words', dir: 'auto' }, report.text),
        ),
    ].filter((one) => one !== false),
  )
  words.replaceChildren(
    ...[
      !erased && promptOf(item),
      alike.length > 0 &&
        el(
          'label',
          { class: 'check' },
          el('input', { type: 'checkbox', id: 'alike' }),
          `The same verdict for ${plural(alike.length, 'identical held picture')}`,
        ),
    ].filter((one) => one !== false),
  )
}

function promptOf({ prompt }: ItemView): HTMLElement {
  if (!prompt.shown)
    return el(
      'p',
      {},
      button('Show the prompt', () => void revealPrompt(), { class: 'quiet', title: 'P' }),
    )
  return el(
    'div',
    { id: 'prompt' },
    el('h3', {}, 'Prompt'),
    el(
      'blockquote',
      { class: 'words', dir: 'auto', tabindex: 0, 'aria-label': 'Prompt' },
      prompt.text ?? 'There is none.',
    ),
    hidden(`${prompt.text ?? ''}${prompt.negative ?? ''}`),
    prompt.negative && el('p', { class: 'hint', dir: 'auto' }, 'Left out: ', prompt.negative),
    canTranslate() && button('Translate', () => void translate(), { class: 'quiet', title: 'T' }),
  )
}

/** Characters that turn text round, or that nobody sees: what is read is not what was asked for. */
const UNSEEN = /[\u00AD\u200B-\u200F\u202A-\u202E\u2060-\u2069\uFEFF]/g

function hidden(text: string): HTMLElement | false {
  const found = new Set(
    text.match(UNSEEN)?.map((one) => `U+${one.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`),
  )
  return (
    found.size > 0 && el('p', { class: 'error' }, `Holds characters that hide or turn text: ${[...found].join(', ')}`)
  )
}

export const mayRevealPrompt = () => item !== null && !item.prompt.shown && !item.erased

export async function revealPrompt(): Promise<void> {
  const asked = item
  if (asked === null) return
  try {
    const { prompt } = await post<{ prompt: { text: string | null; negative: string | null } }>(
      addressOf(asked.id, 'reveal'),
      { what: 'prompt' },
    )
    asked.prompt = { shown: true, ...prompt }
    if (item !== asked) return
    const held = words.contains(document.activeElement)
    drawWords()
    // The button that was pressed is gone.
    if (held) words.querySelector<HTMLElement>('#prompt blockquote')?.focus()
  } catch (cause) {
    if (item === asked) words.append(el('p', { class: 'error', role: 'alert' }, problemOf(cause).message))
  }
}

export const canTranslate = () => item?.prompt.shown === true && shift()?.translation.available === true

export async function translate(): Promise<void> {
  const asked = item
  if (asked === null) return
  const place = el('div', {}, el('p', { class: 'hint', role: 'status' }, 'Being translated…'))
  document.getElementById('prompt')?.append(place)
  try {
    const to = shift()?.translation.to?.[0] ?? 'en'
    const { text, from } = await post<{ from: string | null; text: string }>(addressOf(asked.id, 'translate'), { to })
    place.replaceChildren(
      el('h3', {}, `By software, from ${from === null ? 'an unknown language' : nameOf(from)}`),
      el('blockquote', { class: 'words', dir: 'auto', lang: to }, text),
    )
  } catch (cause) {
    place.replaceChildren(el('p', { class: 'error', role: 'alert' }, problemOf(cause).message))
  }
}

/** Identical ones, where the same verdict is wanted for them. */
export function alikeChosen(): readonly string[] {
  const box = document.getElementById('alike')
  return item !== null && box instanceof HTMLInputElement && box.checked ? item.alike : []
}

/** What the person concerned would read, were it decided as chosen. */
export async function showPreview(): Promise<void> {
  const asked = item
  const verdict = asked === null ? null : readVerdict()
  if (asked === null || verdict === null) return
  try {
    const { note: _, ...chosen } = verdict
    const shown = await post<{ title?: string; sentences?: string[]; text?: string }>(
      addressOf(asked.id, 'preview'),
      chosen,
    )
    if (item !== asked) return
    preview.replaceChildren(
      el('h3', {}, 'As the person concerned will read it'),
      el(
        'div',
        { class: 'said' },
        shown.title !== undefined && el('p', {}, el('strong', {}, shown.title)),
        ...(shown.sentences ?? []).map((sentence) => el('p', {}, sentence)),
        shown.text !== undefined && el('p', {}, shown.text),
      ),
    )
    announce('Preview shown')
  } catch (cause) {
    preview.replaceChildren(el('p', { class: 'error', role: 'alert' }, problemOf(cause).message))
  }
}
