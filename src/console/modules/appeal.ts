// The appeal against a statement: the form while one is open, how far it has come once it was handed in, the reasoned answer and what came
// of it, and taking it back. What was typed stays on the page until the server has it, over a change of language too.

import type { StatementResource } from '../../http/statement-schemas.ts'
import { type Problem, post, problemOf } from './api.ts'
import { el, find } from './dom.ts'
import { quoter } from './reasons.ts'
import { day, said, words } from './speech.ts'
import { steps } from './steps.ts'

type Reader = {
  /** Of the statement. */
  id: string
  headers: Record<string, string>
  /** Asks how it stands now, and draws it. */
  refresh: () => Promise<void>
}

const own = words.appeal
const title = find('appeal-title', HTMLElement)
const section = find('appeal', HTMLElement)
const form = find('appeal-form', HTMLFormElement)
const text = find('text', HTMLTextAreaElement)
/** What is kept over a reload, by its name. */
const fields = [...form.querySelectorAll<HTMLTextAreaElement | HTMLSelectElement>('textarea, select')]
const send = find('send', HTMLButtonElement)
const most = Number(form.dataset.most)

/** Null where the browser keeps nothing for this page. */
function tabStorage(): Storage | null {
  try {
    return sessionStorage
  } catch {
    return null
  }
}

/** Answers what draws the appeal of a statement, and says whether more is awaited. */
export function appealWith(reader: Reader): (statement: StatementResource) => boolean {
  const draft = `appeal ${reader.id}`
  let appealId = ''
  const drafts = tabStorage()
  for (const field of fields) {
    const kept = drafts?.getItem(`${draft} ${field.name}`) ?? ''
    field.value = kept
    // A purpose may be offered no longer.
    if (field.value !== kept) field.value = ''
  }
  addEventListener('pagehide', () => {
    for (const { name, value } of fields)
      if (form.hidden) drafts?.removeItem(`${draft} ${name}`)
      else drafts?.setItem(`${draft} ${name}`, value)
  })
  text.addEventListener('input', tally)
  tally()
  // A link to the form would take the place of the secret.
  find('to-appeal', HTMLButtonElement).addEventListener('click', () => text.focus())
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    void submit(reader)
  })
  offerWithdrawal(async () => {
    // It may have been decided meanwhile, which the page then shows.
    const taken = await post(`/v1/appeals/${encodeURIComponent(appealId)}/withdraw`, {}, reader.headers).catch(
      () => null,
    )
    await reader.refresh()
    if (find('withdraw', HTMLElement).hidden) title.focus()
    return taken !== null
  })

  return (statement) => {
    const { redress, appeal, replaced_by_url: next } = statement
    section.hidden = appeal === null && redress.kind !== 'full'
    find('way', HTMLElement).hidden = true
    if (appeal === null) {
      const over = redress.kind === 'full' && Date.parse(redress.appeal_until) < Date.now()
      if (over) state(...said(own.over, { day: day(redress.appeal_until) }))
      // What was typed too late stays to be copied.
      form.hidden = (over && !text.readOnly) || section.hidden
      find('way', HTMLElement).hidden = form.hidden || text.readOnly
      return false
    }
    appealId = appeal.id
    form.hidden = !text.readOnly
    // How it stands goes before what it is about.
    if (section.nextElementSibling?.id !== 'reasons') find('reasons', HTMLElement).before(section)
    state(own.states[appeal.state])
    section.dataset.appeal = appeal.state
    const list = find('appeal-steps', HTMLElement)
    list.hidden = false
    list.replaceChildren(...steps(appeal))
    const answer = appeal.answer === null ? [] : quoter(statement)('appeal.answer.text', appeal.answer.text)
    find('appeal-answer', HTMLElement).replaceChildren(
      ...(answer.length === 0 ? [] : [el('h3', {}, own.answer), el('p', { class: 'said', dir: 'auto' }, ...answer)]),
      ...result(statement),
      ...(next === null
        ? []
        : [
            el(
              'p',
              { class: 'callout' },
              ...said(own.replaced, {
                link: el('a', { href: next.replace('#', `${location.search}#`) }, own.readReplacing),
              }),
            ),
          ]),
      el('p', { class: 'hint' }, el('code', {}, appeal.id)),
    )
    const waiting = appeal.state === 'open' || appeal.state === 'reviewing'
    find('withdraw', HTMLElement).hidden = !waiting
    return waiting || isComing(appeal.result)
  }
}

type Result = NonNullable<StatementResource['appeal']>['result']

/** A picture that is given back is marked before it is released. */
const isComing = (found: Result) => found?.kind === 'image' && ['cleared', 'marked'].includes(found.state)

function result({ appeal, public_url: told }: StatementResource): HTMLElement[] {
  const found = appeal?.result
  if (!found) return []
  const released = isComing(found) ? own.releasing : found.state === 'published' ? own.released : own.unavailable
  const sentence = said(found.kind === 'request' ? own.newRequest : released, { id: el('code', {}, found.id) })
  // Only who is signed in can follow the link.
  const way =
    told === undefined
      ? own.elsewhere
      : el('a', { href: `/?generation=${encodeURIComponent(found.generation_id)}` }, own.openResult)
  return [el('p', { class: 'callout good' }, ...sentence, ' ', way)]
}

function state(...nodes: (Node | string)[]): void {
  find('appeal-state', HTMLElement).replaceChildren(...nodes)
}

/** As the server counts: by characters, not by UTF-16 units. */
const length = () => [...text.value].length

function tally(): void {
  const left = most - length()
  find('text-count', HTMLElement).replaceChildren(
    ...said(left < 0 ? own.tooMany : own.left, { count: Math.abs(left).toLocaleString(document.documentElement.lang) }),
  )
}

async function submit({ id, headers, refresh }: Reader): Promise<void> {
  if (send.disabled) return
  for (const node of form.querySelectorAll<HTMLElement>('.error')) node.hidden = true
  for (const node of form.querySelectorAll('[aria-invalid]')) node.removeAttribute('aria-invalid')
  if (text.value.trim() === '') return complain('text', own.sayWhy)
  if (length() > most) return complain('text', String(said(own.tooLong, { count: most }).join('')))
  const purpose = new FormData(form).get('purpose')
  send.disabled = true
  try {
    await post('/v1/appeals', { statement_id: id, text: text.value, ...(purpose ? { purpose } : {}) }, headers)
  } catch (cause) {
    send.disabled = false
    return explain(problemOf(cause), refresh)
  }
  send.disabled = false
  text.value = ''
  // It is handed in, whether or not its state can be had just now: what is awaited is asked for again.
  await refresh().catch(() => undefined)
  title.focus()
}

async function explain({ code, field, status }: Problem, refresh: () => Promise<void>): Promise<void> {
  const over = { already_appealed: own.already, appeal_closed: own.tooLate, gone: own.gone }
  const final = Object.entries(over).find(([one]) => one === code)?.[1]
  if (final !== undefined) {
    // Somebody was faster: what was typed can still be copied.
    text.readOnly = true
    for (const node of form.querySelectorAll<HTMLElement>('[data-new]')) node.hidden = true
    await refresh().catch(() => {})
    complain('appeal', final)
    text.focus()
  } else if (status === 400 && (field === 'text' || field === 'purpose'))
    complain(field, field === 'text' ? own.odd : own.oddPurpose)
  else complain('appeal', code === 'unreachable' ? own.unreachable : status === 429 ? own.tooOften : own.failed)
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

/** In two steps on the page itself; Escape steps back. */
function offerWithdrawal(withdraw: () => Promise<boolean>): void {
  const ask = find('withdraw-ask', HTMLButtonElement)
  const sure = find('withdraw-sure', HTMLElement)
  const yes = find('withdraw-yes', HTMLButtonElement)
  const error = find('withdraw-error', HTMLElement)
  const show = (open: boolean) => {
    sure.hidden = !open
    error.hidden = true
    ask.setAttribute('aria-expanded', String(open))
    const next = open ? find('withdraw-words', HTMLElement) : ask
    next.focus()
  }
  ask.addEventListener('click', () => show(sure.hidden !== false))
  find('withdraw-no', HTMLButtonElement).addEventListener('click', () => show(false))
  sure.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') show(false)
  })
  yes.addEventListener('click', async () => {
    yes.disabled = true
    const taken = await withdraw().catch(() => false)
    error.textContent = own.notDone
    error.hidden = taken
    yes.disabled = false
  })
}
