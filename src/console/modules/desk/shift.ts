// A shift: how much of it there was, what colleagues left behind, when a break is due and when it must be, preferences, the ways out of
// categories, and its end with a note for whoever comes next.

import { call, callUnattended, post, problemOf } from '../api.ts'
import { button, el, find, plural, when } from '../dom.ts'
import { type Preferences, prefer } from './picture.ts'
import { takeAway } from './rest.ts'

export type Shift = {
  decided_today: number
  reveals: { used: number; cap: number | null }
  break: { state: 'none' | 'due' | 'required' | 'on_break'; since: string | null; until: string | null }
  skips: { category: string | null; category_name: string | null; until: string }[]
  categories: { id: string; name: string }[]
  preferences: Preferences
  translation: { available: boolean; to: string[] | null }
  handovers: { id: string; from: string; note: string; at: string; items: number }[]
}

const SHIFT = '/v1/review/shift'
const ASK_MS = 60_000
const line = find('shift', HTMLElement)
const left = find('handovers', HTMLElement)
const dialog = find('shift-dialog', HTMLDialogElement)

let known: Shift | null = null
let asking = false
let told: (shift: Shift) => void = () => undefined
export const shift = () => known

export async function beginShift(tell: typeof told): Promise<void> {
  told = tell
  await refresh()
  if (!asking) setInterval(() => void callUnattended<Shift>(SHIFT).then(take, () => undefined), ASK_MS)
  asking = true
}

export async function refresh(): Promise<void> {
  take(await call<Shift>(SHIFT))
}

function take(next: Shift): void {
  if (known === null) {
    prefer(next.preferences)
    drawHandovers(next)
  }
  known = next
  const { decided_today, reveals } = next
  const seen = reveals.cap === null ? plural(reveals.used, 'picture') : `${reveals.used} of ${reveals.cap} pictures`
  line.textContent = `${decided_today} decided today · ${seen} shown`
  told(next)
}

function drawHandovers({ handovers }: Shift): void {
  left.replaceChildren(
    ...handovers
      .filter(({ from }) => from !== 'you')
      .map(({ from, note, at, items }) => {
        const node = el(
          'p',
          { class: 'callout' },
          `From ${from}, `,
          when(at),
          items > 0 && ` (${plural(items, 'item')} given back)`,
          ': ',
          el('span', { class: 'left', dir: 'auto' }, note),
          ' ',
          button('Read', () => takeAway(node), { class: 'quiet' }),
        )
        return node
      }),
  )
}

export const keepPreferences = (preferences: Preferences) =>
  void call<Shift>('/v1/review/shift/preferences', {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(preferences),
  }).then(take, () => undefined)

export const takeBreak = async () => take(await post<Shift>('/v1/review/shift/break', {}))
export const comeBack = async () => take(await post<Shift>('/v1/review/shift/resume', {}))

/** Asks for the note, then ends it. `over`: once it has ended. */
export function endShift(over: (released: number) => void): void {
  const note = el('textarea', { id: 'handover', maxlength: 2000, dir: 'auto', rows: 4 })
  openDialog(
    'End the shift',
    [
      el(
        'p',
        {},
        'What you hold goes back to the queue. Your verdicts stay; those of the last minute can still be undone.',
      ),
      el('div', { class: 'field' }, el('label', { for: 'handover' }, 'What should whoever comes next know?'), note),
    ],
    'End the shift',
    async () => {
      const text = note.value.trim()
      const { released } = await post<{ released: number }>('/v1/review/shift/end', text === '' ? {} : { note: text })
      over(released)
    },
  )
}

export function chooseSkips(): void {
  if (known === null) return
  const skipped = known.skips.map(({ category }) => category)
  const boxes = known.categories.map(({ id, name }) =>
    el('label', { class: 'check' }, el('input', { type: 'checkbox', value: id, checked: skipped.includes(id) }), name),
  )
  const hours = el(
    'select',
    { id: 'skip-hours' },
    ...[
      [12, 'today'],
      [72, 'three days'],
      [720, 'a month'],
    ].map(([value, name]) => el('option', { value }, name)),
  )
  openDialog(
    'What you would rather not see',
    [
      el(
        'p',
        {},
        'You are given nothing of these. Nobody is shown your list; whoever keeps an item of it for you learns only that you are spared it.',
      ),
      el('div', { class: 'stack' }, ...boxes),
      el('div', { class: 'field' }, el('label', { for: 'skip-hours' }, 'For how long?'), hours),
    ],
    'Keep it so',
    async () => {
      const categories = [...dialog.querySelectorAll<HTMLInputElement>(':checked[type=checkbox]')].map(
        ({ value }) => value,
      )
      take(
        await call<Shift>('/v1/review/shift/skips', {
          method: 'PUT',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ categories, hours: Number(hours.value) }),
        }),
      )
    },
  )
}

/** A question with one answer; what goes wrong is said in it, and what was typed stays. */
export function openDialog(title: string, body: HTMLElement[], act: string, run: () => Promise<void>): void {
  const error = el('p', { class: 'error', role: 'alert', hidden: true })
  const form = el(
    'form',
    { class: 'stack', method: 'dialog' },
    el('h2', { id: 'shift-title' }, title),
    ...body,
    error,
    el(
      'div',
      { class: 'row' },
      el('button', { class: 'primary' }, act),
      button('Cancel', () => dialog.close()),
    ),
  )
  form.addEventListener('keydown', ({ key, ctrlKey, metaKey }) => {
    if (key === 'Enter' && (ctrlKey || metaKey)) form.requestSubmit()
  })
  form.addEventListener('submit', async (event) => {
    event.preventDefault()
    try {
      await run()
      dialog.close()
    } catch (cause) {
      error.textContent = problemOf(cause).message
      error.hidden = false
    }
  })
  dialog.replaceChildren(form)
  dialog.showModal()
}
