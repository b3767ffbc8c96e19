// The playground: hands in the order, follows it in the tray, shows what became of it. `?generation=` names what the tray holds,
// so a reload or a shared link comes back to it; prompts are kept in this page's memory alone.

import { call, type Generation, hasEnded, Problem, post, problemOf } from './api.ts'
import { contacts } from './contacts.ts'
import { developing } from './developing.ts'
import { announce, el, find } from './dom.ts'
import { clearErrors, fillOrder, fitToModel, form, prompt, readOrder, showProblem } from './order.ts'
import { settled } from './settled.ts'
import { watch } from './watch.ts'

const tray = find('tray', HTMLElement)
const develop = find('develop', HTMLButtonElement)
const empty = [...tray.childNodes]
const prompts = new Map<string, string>()
const sheet = contacts((generation) => open(generation.id, true))

let stopWatching = () => {}
// One key for one order, however often it is sent: a double click or a retry makes no second picture.
let orderKey = ''
let edited = false

const newKey = () =>
  [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('')

function place(node: HTMLElement): void {
  tray.replaceChildren(node)
}

/** Takes the reader to the result, unless they are busy elsewhere on the page. */
function lead(): void {
  const title = find('tray-title', HTMLElement)
  const active = document.activeElement
  if (active === null || active === document.body || tray.contains(active) || (form.contains(active) && !edited))
    title.focus()
  announce(title.textContent ?? '')
}

function showSettled(generation: Generation, moveFocus: boolean): void {
  const actions = {
    edit: () => prompt.focus(),
    again: (of: Generation, seed: number | null) => {
      const words = prompts.get(of.id)
      if (words !== undefined) prompt.value = words
      fillOrder(of, seed)
      orderKey = ''
      if (prompt.value.trim() === '') prompt.focus()
      else void submit()
    },
  }
  place(settled(generation, prompts.get(generation.id), actions))
  if (moveFocus) lead()
}

function follow(generation: Generation): void {
  stopWatching()
  const { id } = generation
  const cancel = () =>
    post<Generation>(`/v1/generations/${encodeURIComponent(id)}/cancel`, {})
      // A conflict means that it ended first; the watch tells how.
      .catch((cause) => problemOf(cause).code !== 'conflict' && showProblem(problemOf(cause)))
  const view = developing(prompts.get(id), () => void cancel())
  view.state(generation)
  place(view.node)
  stopWatching = watch(id, {
    ...view,
    state: (now) => {
      if (!hasEnded(now)) return view.state(now)
      showSettled(now, true)
      void sheet.reload()
    },
  })
}

function show(generation: Generation, moveFocus: boolean): void {
  stopWatching()
  sheet.mark(generation.id)
  if (hasEnded(generation)) showSettled(generation, moveFocus)
  else follow(generation)
}

async function open(id: string | null, remember: boolean): Promise<void> {
  stopWatching()
  sheet.mark(id)
  if (remember) history.pushState(null, '', id === null ? '/' : `/?generation=${encodeURIComponent(id)}`)
  if (id === null) return tray.replaceChildren(...empty)
  try {
    const generation = await call<Generation>(`/v1/generations/${encodeURIComponent(id)}`)
    show(generation, remember)
    if (remember) tray.scrollIntoView({ block: 'nearest' })
  } catch (cause) {
    const problem = problemOf(cause)
    const gone = problem.status === 404
    place(
      el(
        'div',
        { class: 'settled' },
        el('h2', { id: 'tray-title', tabindex: -1 }, gone ? 'There is nothing here' : 'It could not be loaded'),
        el('p', {}, gone ? 'It was erased, or it belongs to somebody else.' : problem.message),
        !gone && el('button', { type: 'button', click: () => void open(id, false) }, 'Try again'),
      ),
    )
  }
}

async function submit(): Promise<void> {
  if (develop.disabled) return
  clearErrors()
  if (prompt.value.trim() === '') return showProblem({ field: 'prompt', message: 'Say what it should show.' })
  const order = readOrder()
  orderKey ||= newKey()
  edited = false
  develop.disabled = true
  try {
    const generation = await post<Generation>('/v1/generations', order, { 'idempotency-key': orderKey })
    orderKey = ''
    prompts.set(generation.id, prompt.value)
    history.pushState(null, '', `/?generation=${encodeURIComponent(generation.id)}`)
    show(generation, true)
    void sheet.reload()
    if (matchMedia('(max-width: 56rem)').matches) tray.scrollIntoView({ block: 'start' })
  } catch (cause) {
    const problem = problemOf(cause)
    if (problem.status !== 0) orderKey = ''
    if (problem.status === 401)
      showProblem(
        new Problem(
          401,
          problem.code,
          'Your session has ended. Sign in in another tab, then press Develop again; nothing here is lost.',
        ),
      )
    else showProblem(problem)
  } finally {
    develop.disabled = false
  }
}

form.addEventListener('submit', (event) => {
  event.preventDefault()
  void submit()
})
form.addEventListener('input', () => {
  orderKey = ''
  edited = true
})
form.addEventListener('change', fitToModel)
form.addEventListener('keydown', (event) => {
  if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
    event.preventDefault()
    void submit()
  }
})
tray.addEventListener('click', (event) => {
  const example = event.target instanceof HTMLElement ? event.target.dataset.example : undefined
  if (example === undefined) return
  prompt.value = example
  orderKey = ''
  prompt.focus()
})
addEventListener('popstate', () => void open(new URLSearchParams(location.search).get('generation'), false))

fitToModel()
// It waits for whoever hears it: a press before that would be lost.
develop.disabled = develop.dataset.models === '0'
void sheet.reload()
const asked = new URLSearchParams(location.search).get('generation')
if (asked !== null) void open(asked, false)
