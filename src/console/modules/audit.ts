// Finding a picture: one that is chosen, dropped or pasted is sent at once, and what it led to takes the last answer's place. The address
// then names the records, so that Back from one of them comes back to them. The page works without this.

import { announce, el, find } from './dom.ts'
import { partOf } from './part.ts'

const LONGEST_NAME = 80
const form = find('ask', HTMLFormElement)
const drop = find('drop', HTMLElement)
const input = find('file', HTMLInputElement)
let asked = 0

const failure = (message: string) =>
  el(
    'section',
    { id: 'answer', class: 'stack found', 'aria-labelledby': 'found' },
    el('h2', { id: 'found', tabindex: -1 }, 'It could not be looked up'),
    el('p', { class: 'callout wrong' }, message),
  )

function show(answer: HTMLElement, { name }: File): void {
  const again = answer.querySelector('#again')
  const address = again?.querySelector('a')?.getAttribute('href') ?? '/audit'
  again?.remove()
  history.replaceState(null, '', address)
  find('q', HTMLInputElement).value = ''
  const short = name.length > LONGEST_NAME ? `${name.slice(0, LONGEST_NAME)}…` : name
  answer.querySelector('#found')?.after(el('p', { class: 'hint', id: 'handed' }, 'Of the file ', el('bdi', {}, short)))
  find('answer', HTMLElement).replaceWith(answer)
  drop.dataset.answered = ''
  const heading = find('found', HTMLElement)
  announce(heading.textContent ?? '')
  heading.focus()
}

async function send(file: File | undefined): Promise<void> {
  if (file === undefined) return
  const mine = ++asked
  find('answer', HTMLElement).setAttribute('aria-busy', 'true')
  drop.dataset.busy = ''
  announce('Looking at the picture')
  const body = new FormData()
  body.set('file', file)
  const answer = await partOf('/audit', body, 'answer').catch((cause: Error) => failure(cause.message))
  if (mine !== asked) return
  delete drop.dataset.busy
  // The same file may be chosen again.
  input.value = ''
  show(answer, file)
}

find('send', HTMLButtonElement).hidden = true
input.addEventListener('change', () => void send(input.files?.[0]))
form.addEventListener('submit', (event) => {
  event.preventDefault()
  void send(input.files?.[0])
})
for (const name of ['dragenter', 'dragover', 'dragleave', 'drop'] as const) {
  // The whole page takes a drop: beside the panel the browser would otherwise leave for the file.
  document.addEventListener(name, (event) => {
    event.preventDefault()
    drop.toggleAttribute('data-over', name === 'dragenter' || name === 'dragover')
    if (name === 'drop') void send(event.dataTransfer?.files[0])
  })
}
document.addEventListener('paste', (event) => void send(event.clipboardData?.files[0]))

document.getElementById('found')?.focus()
