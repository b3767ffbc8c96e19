// The page of exports without leaving it: the form orders by the API, under a key that makes one export of an order that is sent twice;
// what an export would hold is told as it is filled in; one is taken away. The page works without this.

import './copying.ts'
import { call, post, problemOf } from './api.ts'
import { refresh } from './audit-exports-live.ts'
import { announce, find } from './dom.ts'
import { morph } from './leads/morph.ts'

const TYPED_MS = 400
const form = find('order', HTMLFormElement)
const key = find('key', HTMLInputElement)
const inputs = () => [
  ...form.querySelectorAll<HTMLInputElement | HTMLSelectElement>('[name]:not([type=hidden], button)'),
]
let timer: ReturnType<typeof setTimeout> | undefined
let looks = 0

/** Has the server draw the form again: with a period, or with what it would hold. */
async function look(act: string): Promise<void> {
  clearTimeout(timer)
  const mine = ++looks
  const body = new URLSearchParams({ act })
  for (const [name, value] of new FormData(form)) body.append(name, String(value))
  const text = await fetch(location.pathname, { method: 'POST', body }).then(
    (response) => response.text(),
    () => '',
  )
  const drawn = new DOMParser().parseFromString(text, 'text/html').getElementById('order')
  if (mine !== looks || drawn === null) return
  morph(form, drawn, true)
  if (act === 'look') return
  for (const input of inputs()) if (input.type === 'datetime-local') input.value = input.getAttribute('value') ?? ''
}

/** A moment of UTC, as the field has it without saying so. */
const moment = (value: string) => (value === '' ? '' : `${value.length === 16 ? `${value}:00` : value}Z`)

async function order(): Promise<void> {
  clearTimeout(timer)
  const mine = ++looks
  for (const node of form.querySelectorAll<HTMLElement>('.error')) node.hidden = true
  for (const input of inputs()) input.removeAttribute('aria-invalid')
  const said = new FormData(form)
  const text = (name: string) => String(said.get(name) ?? '').trim()
  const body = {
    from: moment(text('from')),
    to: moment(text('to')),
    tenant: text('tenant') || null,
    kind: text('kind') || null,
    subject: text('subject') || null,
    formats: said.getAll('formats'),
  }
  form.ariaBusy = 'true'
  try {
    const { id } = await post<{ id: string }>('/v1/audit/exports', body, { 'idempotency-key': key.value })
    if (location.search !== '') return location.assign(`${location.pathname}#${id}`)
    const page = await refresh(true)
    key.value = page?.getElementById('key')?.getAttribute('value') ?? key.value
    announce('The export is ordered.')
    document.querySelector<HTMLElement>(`#${id} h3`)?.focus()
  } catch (cause) {
    if (mine === looks) fail(cause)
  } finally {
    form.ariaBusy = null
  }
}

/** At the field that it is about, else where the form says things. */
function fail(cause: unknown): void {
  const { message, field } = problemOf(cause)
  const input = inputs().find(({ name }) => name === field)
  const node = find(`${input?.name ?? 'order'}-error`, HTMLElement)
  node.hidden = false
  node.textContent = message
  input?.setAttribute('aria-invalid', 'true')
  input?.focus()
}

async function remove(from: HTMLFormElement): Promise<void> {
  from.ariaBusy = 'true'
  try {
    await call(`/v1/audit/exports/${from.dataset.remove}`, { method: 'DELETE' })
  } catch (cause) {
    const { status, message } = problemOf(cause)
    // Somebody was faster.
    if (status !== 404) {
      const node = from.querySelector<HTMLElement>('.error')
      from.ariaBusy = null
      if (node === null) return
      node.hidden = false
      node.textContent = message
      return
    }
  }
  await refresh(true)
  announce('The export is taken away.')
  find('exports-name', HTMLElement).focus()
}

/** A link alone would fail without a word where the archive is gone: somebody took it away, or its time is over. */
async function download(link: HTMLAnchorElement): Promise<void> {
  const node = link.closest('.export')?.querySelector<HTMLElement>('[data-gone]') ?? null
  const status = await fetch(link.href, { method: 'HEAD' }).then(
    (response) => response.status,
    () => 0,
  )
  if (status === 200) return location.assign(link.href)
  if (node === null) return
  node.hidden = false
  node.textContent = refusals[status] ?? 'The archive cannot be had now: try again in a moment.'
}
const refusals: Readonly<Record<number, string>> = {
  401: 'Your session has ended: reload the page to sign in.',
  404: 'There is no such archive any more: the export was taken away, or its time is over.',
}

document.addEventListener('click', (event) => {
  const { target } = event
  const link = target instanceof Element ? target.closest<HTMLAnchorElement>('a[download]') : null
  if (link === null || event.ctrlKey || event.metaKey || event.shiftKey) return
  event.preventDefault()
  void download(link)
})

document.addEventListener('submit', (event) => {
  const { target, submitter } = event
  if (!(target instanceof HTMLFormElement)) return
  if (target !== form && target.dataset.remove === undefined) return
  event.preventDefault()
  if (target.ariaBusy === 'true') return
  const act = submitter instanceof HTMLButtonElement ? submitter.value : 'order'
  if (target !== form) void remove(target)
  else void (act === 'order' ? order() : look(act))
})
document.documentElement.dataset.tells = ''
form.addEventListener('input', () => {
  clearTimeout(timer)
  timer = setTimeout(look, TYPED_MS, 'look')
})
