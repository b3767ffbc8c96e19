// The verdict in one motion: outcome, clause, findings or reason, note. Every choice has a digit, which picks it and goes on to the next
// thing to be chosen. What was begun is kept for the tab under its item, and comes back with the item, until the verdict is stored.

import type { ItemView } from '../../../review/view.ts'
import { el, find } from '../dom.ts'

export type Outcome = 'allow' | 'deny' | 'omit'
export type Verdict = {
  outcome: Outcome
  clause?: string
  findings?: Record<string, string>
  reason?: string
  note?: string
}
type Draft = { outcome: Outcome | null; clause: string; findings: Record<string, string>; reason: string; note: string }
type Option = { value: string; text: string; hint?: string }

const FILTER_FROM = 10

const form = find('verdict', HTMLFormElement)
const steps = find('steps', HTMLElement)
const note = find('note', HTMLTextAreaElement)
const send = find('send', HTMLButtonElement)

let item: ItemView | null = null
let draft: Draft = blank()

function blank(): Draft {
  return { outcome: null, clause: '', findings: {}, reason: '', note: '' }
}
const keyOf = (id: string) => `darkroom.draft.${id}`

/** Begins with what was begun before, if anything was. */
export function showVerdict(next: ItemView): void {
  item = next
  draft = { ...blank(), ...JSON.parse(sessionStorage.getItem(keyOf(next.id)) ?? '{}') }
  note.value = draft.note
  for (const radio of form.querySelectorAll<HTMLInputElement>('[name=outcome]')) {
    radio.checked = radio.value === draft.outcome
    if (radio.value === 'omit') radio.closest('label')?.toggleAttribute('hidden', !mayOmit(next))
  }
  hush()
  drawSteps()
}

const mayOmit = ({ choices }: ItemView) => choices.omit_reasons.length > 0

/** The verdict is stored, or the item is gone: nothing is left to keep. */
export const forget = (id: string) => sessionStorage.removeItem(keyOf(id))

/** Puts back what was chosen, for when the item is shown again. */
export function restore(
  id: string,
  { outcome, clause = '', findings = {}, reason = '', note: said = '' }: Verdict,
): void {
  sessionStorage.setItem(keyOf(id), JSON.stringify({ outcome, clause, findings, reason, note: said }))
}

function keep(): void {
  if (item !== null) sessionStorage.setItem(keyOf(item.id), JSON.stringify(draft))
}

export function pickOutcome(outcome: Outcome): void {
  const radio = form.querySelector<HTMLInputElement>(`[name=outcome][value=${outcome}]`)
  if (radio === null || radio.closest('[hidden]') !== null) return
  radio.checked = true
  draft.outcome = outcome
  keep()
  hush()
  drawSteps()
  goOn()
}

/** The choice of this number in the group that comes next, or where the focus is. */
export function pickDigit(digit: number): void {
  const group = activeGroup()
  const shown = [...(group?.querySelectorAll<HTMLInputElement>('label:not([hidden]) input[type=radio]') ?? [])]
  const radio = shown[digit - 1]
  if (radio === undefined) return
  radio.click()
  goOn()
}

const groups = () => [...steps.querySelectorAll<HTMLFieldSetElement>('fieldset')]
const isAnswered = (group: HTMLElement) => group.querySelector(':checked') !== null

function activeGroup(): HTMLFieldSetElement | undefined {
  const focused = document.activeElement?.closest('fieldset')
  return groups().find((group) => group === focused) ?? groups().find((group) => !isAnswered(group)) ?? groups()[0]
}

/** To the first thing that is still to be chosen, else to the button. */
function goOn(): void {
  for (const group of groups()) group.classList.toggle('picked', isAnswered(group))
  const open = groups().find((group) => !isAnswered(group) && group.dataset.optional === undefined)
  const to = open?.querySelector<HTMLElement>('label:not([hidden]) input[type=radio]') ?? send
  to.focus()
}

export function focusFilter(): void {
  const filter = form.querySelector<HTMLElement>('[type=search]')
  filter?.closest('fieldset')?.classList.remove('picked')
  filter?.focus()
}
export const focusNote = () => note.focus()

function drawSteps(): void {
  steps.replaceChildren(...(item === null ? [] : stepsOf(item)))
  send.textContent = { allow: 'Allow', deny: 'Deny', omit: 'Leave undecided', '': 'Decide' }[draft.outcome ?? '']
}

function stepsOf({ choices, lane }: ItemView): HTMLElement[] {
  const reason = (legend: string, options: { key: string; text: string }[], optional: boolean) =>
    group(
      'reason',
      legend,
      options.map(({ key, text }) => ({ value: key, text })),
      draft.reason,
      optional,
      (key) => {
        draft.reason = key
      },
    )
  switch (draft.outcome) {
    case 'allow':
      return [reason('Why does no rule apply?', choices.allow_reasons, lane !== 'second_look')]
    case 'omit':
      return [reason('Why is it left undecided?', choices.omit_reasons, false)]
    case 'deny':
      return denial(choices)
    case null:
      return []
  }
}

function denial({ clauses }: ItemView['choices']): HTMLElement[] {
  const options = clauses.map(({ id, rule, category_name }) => ({
    value: id,
    text: rule,
    hint: `${category_name}, ${id}`,
  }))
  const cited = group('clause', 'Which rule applies?', options, draft.clause, false, (id) => {
    if (id !== draft.clause) draft.findings = {}
    draft.clause = id
    drawFindings()
  })
  if (options.length >= FILTER_FROM) cited.querySelector('legend')?.after(filterOf(cited))
  const clause = clauses.find(({ id }) => id === draft.clause)
  return [cited, ...(clause === undefined ? [] : findingsOf(clause.findings))]
}

function drawFindings(): void {
  const clause = item?.choices.clauses.find(({ id }) => id === draft.clause)
  for (const old of steps.querySelectorAll('[data-finding]')) old.remove()
  if (clause !== undefined) steps.append(...findingsOf(clause.findings))
}

function findingsOf(findings: Record<string, readonly string[]>): HTMLElement[] {
  return Object.entries(findings).map(([place, phrases]) => {
    const options = phrases.map((phrase) => ({ value: phrase, text: phrase }))
    const fieldset = group(
      `findings.${place}`,
      titleOf(place),
      options,
      draft.findings[place] ?? '',
      false,
      (phrase) => {
        draft.findings = { ...draft.findings, [place]: phrase }
      },
    )
    fieldset.dataset.finding = place
    return fieldset
  })
}

const titleOf = (place: string) => `${place.charAt(0).toUpperCase()}${place.slice(1).replace(/_/g, ' ')}`

function group(
  name: string,
  legend: string,
  options: readonly Option[],
  picked: string,
  optional: boolean,
  pick: (value: string) => void,
): HTMLFieldSetElement {
  const labels = options.map(({ value, text, hint }, index) => {
    const radio = el('input', { type: 'radio', name, value, checked: value === picked })
    radio.addEventListener('change', () => {
      pick(value)
      keep()
      hush(fieldset)
    })
    return el(
      'label',
      {},
      radio,
      el('kbd', { 'aria-hidden': 'true' }, index < 9 ? index + 1 : ''),
      el('span', {}, text, hint !== undefined && el('small', {}, hint)),
    )
  })
  const fieldset = el(
    'fieldset',
    { class: 'choices', 'data-field': name, 'data-optional': optional },
    el('legend', {}, legend, optional && el('small', {}, ' if you like')),
    ...labels,
    el('p', { class: 'error', role: 'alert', hidden: true }),
  )
  // What was gone on from is one line; coming back opens it.
  for (const kind of ['focusin', 'click']) fieldset.addEventListener(kind, () => fieldset.classList.remove('picked'))
  return fieldset
}

function filterOf(group: HTMLFieldSetElement): HTMLElement {
  const input = el('input', {
    type: 'search',
    'aria-label': 'Find a rule',
    placeholder: 'Find a rule: /',
    autocomplete: 'off',
  })
  const labels = [...group.querySelectorAll('label')]
  input.addEventListener('input', () => {
    const words = input.value.toLowerCase().split(/\s+/)
    let place = 0
    for (const label of labels) {
      label.hidden = !words.every((word) => label.textContent?.toLowerCase().includes(word))
      if (label.hidden) continue
      place += 1
      const digit = label.querySelector('kbd')
      if (digit !== null) digit.textContent = place < 10 ? String(place) : ''
    }
  })
  input.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter') return
    event.preventDefault()
    pickDigit(1)
  })
  return input
}

/** What is chosen, or null, and then what is missing is said with the focus there. */
export function readVerdict(): Verdict | null {
  const { outcome, clause, findings, reason } = draft
  if (outcome === null) {
    complain('outcome', 'Choose an outcome.')
    return null
  }
  const open = groups().find((group) => !isAnswered(group) && group.dataset.optional === undefined)
  if (open !== undefined) {
    complain(open.dataset.field ?? '', 'Choose one.')
    return null
  }
  const said = draft.note.trim() === '' ? {} : { note: draft.note.trim() }
  if (outcome === 'deny') return { outcome, clause, findings, ...said }
  return { outcome, ...(reason === '' ? {} : { reason }), ...said }
}

/** Says what is wrong beside its field. Answers whether the field is on the page. */
export function complain(field: string, message: string): boolean {
  const place = form.querySelector<HTMLElement>(`[data-field="${CSS.escape(field)}"]`)
  const said = place?.querySelector<HTMLElement>('.error') ?? find('verdict-error', HTMLElement)
  said.textContent = message
  said.hidden = false
  const to = place?.querySelector<HTMLElement>(':checked') ?? place?.querySelector<HTMLElement>('input, textarea')
  if (to) to.focus()
  else send.focus()
  return place !== null
}

function hush(within: HTMLElement = form): void {
  for (const said of within.querySelectorAll<HTMLElement>('.error')) said.hidden = true
}

form.addEventListener('change', ({ target }) => {
  if (target instanceof HTMLInputElement && target.name === 'outcome')
    for (const outcome of ['allow', 'deny', 'omit'] as const) if (target.value === outcome) pickedByHand(outcome)
})
note.addEventListener('input', () => {
  draft.note = note.value
  keep()
})

/** With the arrows one passes by what one does not mean: the focus stays. */
function pickedByHand(outcome: Outcome): void {
  draft.outcome = outcome
  keep()
  hush()
  drawSteps()
}

/** What was typed, to be shown where the item itself cannot be any more. */
export const typed = () => draft.note
