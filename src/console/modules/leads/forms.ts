// Forms that speak with the API: `data-call` says how and where, each control by `data-as` what its value is. What the server refuses is
// said beside its field, or on the form; nothing typed is lost by it.

import { call, problemOf } from '../api.ts'
import { announce } from '../dom.ts'
import { refresh } from './live.ts'

type Control = HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement | HTMLFieldSetElement

const controlsOf = (form: HTMLFormElement) => [...form.querySelectorAll<Control>('[data-as]')]
const wordsOf = (text: string) => text.split(/[\s,]+/).filter((word) => word !== '')

/** Undefined: left out. A list of nothing stands for all, as null, unless none is meant. */
function valueIn(control: Control): unknown {
  if (control instanceof HTMLFieldSetElement) {
    const all = [...control.querySelectorAll<HTMLInputElement>('input:checked')].map((one) => one.value)
    return all.length === 0 && control.dataset.as === 'all' ? null : all
  }
  const value = control.value.trim()
  switch (control.dataset.as) {
    case 'number':
      return value === '' ? null : Number(value)
    case 'ticked':
      return control instanceof HTMLInputElement && control.checked
    case 'moment':
      return value === '' ? null : `${value}:00Z`
    case 'words':
      return value === '' ? null : wordsOf(value)
    case 'or-null':
      return value === '' ? null : value
    case 'or-nothing':
      return value === '' ? undefined : value
    default:
      return value
  }
}

async function send(form: HTMLFormElement): Promise<void> {
  const [method = 'POST', path = ''] = form.dataset.call?.split(' ') ?? []
  const controls = controlsOf(form)
  clear(form)
  const body = JSON.stringify(Object.fromEntries(controls.map((control) => [control.name, valueIn(control)])))
  const chosen = new Map(
    controls.map((control) => [
      control.name,
      control instanceof HTMLSelectElement ? (control.selectedOptions[0]?.text ?? '') : '',
    ]),
  )
  form.ariaBusy = 'true'
  try {
    const json = { headers: { 'content-type': 'application/json' }, body }
    const answer = await call<Record<string, unknown> | null>(path, { method, ...(controls.length > 0 && json) })
    delete form.dataset.typed
    const { done = '', then } = form.dataset
    if (then !== undefined) return location.assign(then)
    form.reset()
    const said = done.replace(/\{(\w+)\}/g, (_, name) => chosen.get(name) || String(answer?.[name] ?? ''))
    say(form, said)
    announce(said)
    if (document.getElementById('live') !== null) await refresh(true)
  } catch (cause) {
    fail(form, cause)
  } finally {
    form.ariaBusy = null
  }
}

function say(form: HTMLFormElement, text: string): void {
  const node = form.querySelector('[data-said]')
  if (node !== null) node.textContent = text
}

/** At the field that it is about, else where the form says things, which may be beside it. */
function fail(form: HTMLFormElement, cause: unknown): void {
  const { message, field, code } = problemOf(cause)
  const control = controlsOf(form).find((one) => one.name === field)
  const beside = document.getElementById(control?.getAttribute('aria-describedby')?.split(' ')[0] ?? '')
  const node = beside ?? form.querySelector('[data-error]') ?? form.parentElement?.querySelector('.error')
  if (node instanceof HTMLElement) {
    node.hidden = false
    node.textContent = message
  }
  control?.setAttribute('aria-invalid', 'true')
  const aim = control instanceof HTMLFieldSetElement ? control.querySelector('input') : control
  aim?.focus()
  if (code === 'conflict') offerAnew(form)
}

/** Somebody was first: what stands now is shown beside what was typed, and saving is on top of it from then on. */
function offerAnew(form: HTMLFormElement): void {
  const offer = form.querySelector<HTMLElement>('[data-anew]')
  const [button, place] = [offer?.querySelector('button'), offer?.querySelector<HTMLElement>('[tabindex]')]
  const version = form.elements.namedItem('version')
  const { anew = '', of = '' } = offer?.dataset ?? {}
  if (!offer || !button || !place || !(version instanceof HTMLInputElement)) return
  offer.hidden = false
  button.focus()
  button.onclick = async () => {
    const text = await fetch(anew).then(
      (response) => response.text(),
      () => '',
    )
    const now = new DOMParser().parseFromString(text, 'text/html').getElementById(of)
    version.value = now?.dataset.version ?? version.value
    place.replaceChildren(
      ...(now?.querySelectorAll(':scope > :is(.callout, .traits)') ?? [
        'It cannot be shown just now. Try again in a moment.',
      ]),
    )
    place.focus()
  }
}

function clear(form: HTMLFormElement): void {
  for (const node of form.querySelectorAll('[aria-invalid]')) node.removeAttribute('aria-invalid')
  for (const node of form.parentElement?.querySelectorAll<HTMLElement>('.error') ?? []) node.hidden = true
  say(form, '')
}

document.addEventListener('submit', (event) => {
  const form = event.target
  if (!(form instanceof HTMLFormElement) || form.dataset.call === undefined) return
  event.preventDefault()
  if (form.ariaBusy !== 'true') void send(form)
})
document.addEventListener('input', ({ target }) => {
  if (target instanceof Element) target.closest('form')?.setAttribute('data-typed', '')
})
