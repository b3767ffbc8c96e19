// The appeal against a statement: the form while one is open, its state once it was handed in, and the reasoned answer.
// What was typed stays on the page until the server has it.

import type { StatementResource } from '../../http/routes/statements.ts'
import { call, post, problemOf } from './api.ts'
import { el, find } from './dom.ts'
import { day } from './reasons.ts'

type Appeal = NonNullable<StatementResource['appeal']>

const MAX_TEXT = 2000
const ASK_AGAIN_MS = 30_000

const states: Record<string, string> = {
  open: 'Your appeal was received. People who took no part in the decision will look at it.',
  reviewing: 'People who took no part in the decision are looking at your appeal.',
  upheld: 'The decision was looked at again and stands.',
  overturned: 'The decision was reversed.',
  partial: 'The first reason was withdrawn, and another applies.',
  omitted: 'There was no decision on the appeal.',
  withdrawn: 'The appeal was taken back.',
}
const isWaiting = ({ state }: Appeal) => state === 'open' || state === 'reviewing'

const section = find('appeal', HTMLElement)
const form = find('appeal-form', HTMLFormElement)
const text = find('text', HTMLTextAreaElement)
const count = find('text-count', HTMLElement)
const send = find('send', HTMLButtonElement)

export function offerAppeal({ id, redress, appeal }: StatementResource, headers: Record<string, string>): void {
  if (appeal !== null) show(appeal, headers)
  if (appeal !== null || redress.kind !== 'full') return
  section.hidden = false
  if (Date.parse(redress.appeal_until) < Date.now()) {
    say(el('p', {}, 'The time to appeal ended on ', day(redress.appeal_until), '.'))
    return
  }
  form.hidden = false
  text.addEventListener('input', tally)
  tally()
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    void submit(id, headers)
  })
}

/** As the server counts: by characters, not by UTF-16 units. */
const length = () => [...text.value].length

function tally(): void {
  const left = MAX_TEXT - length()
  count.textContent = left < 0 ? `${-left} characters too many` : `${left} characters left`
}

async function submit(statementId: string, headers: Record<string, string>): Promise<void> {
  for (const node of form.querySelectorAll<HTMLElement>('.error')) node.hidden = true
  text.removeAttribute('aria-invalid')
  if (text.value.trim() === '') return complain('text', 'Say why, in a sentence or more.')
  if (length() > MAX_TEXT) return complain('text', `It may have ${MAX_TEXT} characters at most.`)
  const purpose = new FormData(form).get('purpose')
  send.disabled = true
  try {
    const body = { statement_id: statementId, text: text.value, ...(purpose ? { purpose } : {}) }
    show(await post<Appeal>('/v1/appeals', body, headers), headers)
    find('appeal-title', HTMLElement).focus()
  } catch (cause) {
    const { code, field, message } = problemOf(cause)
    const known = {
      already_appealed: 'Somebody has appealed against this already; there is one appeal for each decision.',
      appeal_closed: 'This can no longer be appealed.',
    }
    const said = Object.entries(known).find(([one]) => one === code)?.[1] ?? message
    complain(field === 'text' || field === 'purpose' ? field : 'appeal', said)
  } finally {
    send.disabled = false
  }
}

function complain(field: string, message: string): void {
  const node = document.getElementById(`${field}-error`) ?? find('appeal-error', HTMLElement)
  node.textContent = message
  node.hidden = false
  const input = document.getElementById(field)
  if (input instanceof HTMLTextAreaElement || input instanceof HTMLSelectElement) {
    input.setAttribute('aria-invalid', 'true')
    input.focus()
  } else send.focus()
}

function show(appeal: Appeal, headers: Record<string, string>): void {
  section.hidden = false
  form.hidden = true
  const { id, state, answer } = appeal
  say(
    el('p', { 'data-appeal': state }, states[state] ?? state),
    ...(answer === null
      ? []
      : [
          el('p', { class: 'said', dir: 'auto' }, answer.text),
          el('p', { class: 'hint' }, 'Decided on ', day(answer.decided_at), '.'),
        ]),
    el('p', { class: 'hint' }, el('code', {}, id)),
  )
  if (isWaiting(appeal)) setTimeout(() => void again(appeal, headers), ASK_AGAIN_MS)
}

/** Asks quietly: what cannot be had now is asked for once more later. */
async function again(appeal: Appeal, headers: Record<string, string>): Promise<void> {
  const address = `/v1/appeals/${encodeURIComponent(appeal.id)}`
  const next = document.hidden ? appeal : await call<Appeal>(address, { headers }).catch(() => appeal)
  if (next.state === appeal.state) setTimeout(() => void again(appeal, headers), ASK_AGAIN_MS)
  else show(next, headers)
}

function say(...nodes: HTMLElement[]): void {
  find('appeal-state', HTMLElement).replaceChildren(...nodes)
}
