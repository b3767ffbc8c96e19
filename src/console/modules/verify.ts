// The verify page without leaving it: a picture that is chosen, dropped, pasted or named is sent at once, and the answer that the server
// draws takes the last one's place. `?image=` takes a picture of the reader's own tenant instead of an upload.

import { announce, el, find } from './dom.ts'
import { partOf } from './part.ts'
import { reportForm } from './report.ts'

const form = find('ask', HTMLFormElement)
const drop = find('drop', HTMLElement)
const input = find('file', HTMLInputElement)
const address = document.querySelector<HTMLInputElement>('#url')
const hint = find('ask-hint', HTMLElement)
let asked = 0
/** What is being looked at, so that it is not sent twice at once. */
let underWay = ''
let preview = ''

const failure = (title: string, message: string) =>
  el(
    'section',
    { id: 'answer', class: 'answer', 'aria-labelledby': 'verdict', 'data-verdict': 'error' },
    el(
      'div',
      { class: 'finding' },
      el('h2', { id: 'verdict', tabindex: -1 }, title),
      el('p', { class: 'said' }, message),
    ),
  )

/** Small pictures are enlarged; by their pixels, not by blurring. */
function enlarge({ target }: Event): void {
  if (target instanceof HTMLImageElement) target.classList.toggle('crisp', target.naturalWidth <= 192)
}

function show(answer: HTMLElement): void {
  const { verdict, image } = answer.dataset
  if (preview !== '' && verdict !== 'error')
    answer.prepend(
      el('div', { class: 'paper' }, el('img', { src: preview, alt: 'The picture you gave', load: enlarge })),
    )
  if (image) answer.querySelector('.finding')?.append(reportForm(image) || '')
  find('answer', HTMLElement).replaceWith(answer)
  drop.dataset.answered = ''
  const heading = find('verdict', HTMLElement)
  announce(heading.textContent ?? '')
  heading.focus()
}

/** Beside the button; what has the focus keeps it. */
function tell(text: string): void {
  hint.textContent = text
  if (text !== '') announce(text)
}

async function check(named: string, field: 'file' | 'url', value: string | Blob): Promise<void> {
  if (named === underWay) return tell('It is being looked at.')
  underWay = named
  const mine = ++asked
  URL.revokeObjectURL(preview)
  preview = typeof value === 'string' ? '' : URL.createObjectURL(value)
  find('answer', HTMLElement).setAttribute('aria-busy', 'true')
  drop.dataset.busy = ''
  tell('')
  announce('Looking at the picture')
  const body = new FormData()
  body.set(field, value)
  const answer = await partOf('/verify', body, 'answer').catch((cause: Error) =>
    failure('It could not be checked.', cause.message),
  )
  if (mine !== asked) return
  underWay = ''
  delete drop.dataset.busy
  // The same file may be chosen again.
  input.value = ''
  tell('')
  show(answer)
}

function checkFile(file: File | undefined): void {
  if (file === undefined) return
  if (address !== null) {
    // Files go when they are chosen: what is left for the button is an address, and not the last one's.
    address.value = ''
    find('check', HTMLButtonElement).textContent = 'Check the address'
  }
  void check(`${file.name} ${file.size} ${file.lastModified}`, 'file', file)
}

input.addEventListener('change', () => checkFile(input.files?.[0]))
form.addEventListener('submit', (event) => {
  event.preventDefault()
  const file = input.files?.[0]
  if (address !== null && address.value !== '') void check(address.value, 'url', address.value)
  else if (file !== undefined) checkFile(file)
  else tell(address === null ? 'Choose a picture first.' : 'Choose a picture or give an address first.')
})
for (const name of ['dragenter', 'dragover', 'dragleave', 'drop'] as const) {
  // The whole page takes a drop: beside the panel the browser would otherwise leave for the file.
  document.addEventListener(name, (event) => {
    event.preventDefault()
    drop.toggleAttribute('data-over', name === 'dragenter' || name === 'dragover')
    if (name === 'drop') checkFile(event.dataTransfer?.files[0])
  })
}
document.addEventListener('paste', (event) => checkFile(event.clipboardData?.files[0]))

document.addEventListener('submit', async (event) => {
  const { target, submitter } = event
  if (!(target instanceof HTMLFormElement) || target.id !== 'feedback') return
  event.preventDefault()
  const fields = new URLSearchParams()
  for (const [name, value] of new FormData(target, submitter)) fields.set(name, String(value))
  const said = await partOf('/verify/feedback', fields, 'feedback-said').catch((cause: Error) =>
    el('p', { class: 'error' }, cause.message),
  )
  if (said.className === 'error') target.append(said)
  else target.replaceWith(said)
  announce(said.textContent ?? '')
})

const own = new URLSearchParams(location.search).get('image')
if (own !== null) {
  try {
    const response = await fetch(`/v1/images/${encodeURIComponent(own)}/content`)
    if (!response.ok) throw new Error('not readable')
    checkFile(new File([await response.blob()], own))
  } catch {
    show(
      failure(
        'That picture cannot be read.',
        'It may have been withdrawn, or it belongs to somebody else. You can still choose a file.',
      ),
    )
  }
}
