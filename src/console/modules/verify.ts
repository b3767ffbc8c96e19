// The verify page: sends one picture to be looked at and says in plain words what was found, and what was not.
// `?image=` takes a picture of the reader's own tenant instead of an upload.

import type { Provenance } from '../../mark/verify.ts'
import { call, problemOf } from './api.ts'
import { announce, el, find, when } from './dom.ts'
import { reportForm } from './report.ts'

const verdicts: Record<Provenance['verdict'], [title: string, lead: string]> = {
  ours: ['Yes, made here.', 'This installation made the picture.'],
  ours_altered: [
    'Made here, then changed.',
    'This installation made the picture, but this file is not as it was released.',
  ],
  foreign_manifest: ['Signed by someone else.', 'It carries content credentials, but not this installation’s.'],
  none_found: ['No trace of us.', 'Neither our signature nor our watermark is in it.'],
  inconclusive: ['We cannot tell.', 'There are traces, but not enough of them to say that it was made here.'],
}

const signatures = {
  Trusted: 'Signed by this installation, and unchanged since.',
  Valid: 'Signed and unchanged since, but by a signer that this installation does not trust.',
  Invalid: 'There is one, but it does not fit the file: one of them was changed after signing.',
}

const drop = find('drop', HTMLFormElement)
const input = find('file', HTMLInputElement)
const answer = find('answer', HTMLElement)
let asked = 0
let preview = ''

const line = (name: string, found: 'yes' | 'no' | 'odd', text: string | HTMLElement) =>
  el('li', { 'data-found': found }, el('strong', {}, name), el('span', {}, text))

function evidence({ manifest, watermark, record }: Provenance): HTMLElement {
  const signed = manifest.state === null ? 'No signed manifest in the file.' : signatures[manifest.state]
  const mark = !watermark.found
    ? 'Our invisible mark was not found in the pixels.'
    : watermark.read
      ? `Our invisible mark was read from the pixels (${watermark.confidence} confidence).`
      : 'Something like our invisible mark is in the pixels, too weak to be read.'
  const made =
    record &&
    el(
      'span',
      {},
      'Made ',
      when(record.created_at),
      ` by ${record.system} ${record.version}, as `,
      el('code', {}, record.image_id),
    )
  return el(
    'ul',
    { class: 'evidence large' },
    line('Manifest', manifest.state === 'Trusted' ? 'yes' : manifest.found ? 'odd' : 'no', signed),
    line('Watermark', watermark.read ? 'yes' : watermark.found ? 'odd' : 'no', mark),
    line('Record', made ? 'yes' : 'no', made ?? 'No record of ours belongs to this file.'),
  )
}

/** Small pictures are enlarged; by their pixels, not by blurring. */
function enlarge({ target }: Event): void {
  if (target instanceof HTMLImageElement) target.classList.toggle('crisp', target.naturalWidth <= 192)
}

function show(tone: string, title: string, lead: string, ...more: (HTMLElement | false)[]): void {
  const heading = el('h2', { id: 'verdict', tabindex: -1 }, title)
  const words = el('div', { class: 'words' }, heading, el('p', { class: 'said' }, lead), ...more)
  answer.dataset.verdict = tone
  answer.replaceChildren(
    ...(preview === ''
      ? []
      : [el('div', { class: 'paper' }, el('img', { src: preview, alt: 'The picture you gave', load: enlarge }))]),
    words,
  )
  answer.hidden = false
  drop.dataset.answered = ''
  announce(title)
  heading.focus()
}

async function check(file: Blob, name: string): Promise<void> {
  const mine = ++asked
  URL.revokeObjectURL(preview)
  preview = URL.createObjectURL(file)
  answer.setAttribute('aria-busy', 'true')
  drop.dataset.busy = ''
  announce('Looking at the picture')
  const body = new FormData()
  body.set('file', file, name)
  try {
    const found = await call<Provenance>('/v1/provenance/verify', { method: 'POST', body })
    if (mine !== asked) return
    const [title, lead] = verdicts[found.verdict]
    // The checker's last note is its conclusion.
    const notes = el('ul', { class: 'plain notes' }, ...found.notes.slice(0, -1).map((note) => el('li', {}, note)))
    const how = found.notes.length > 1 && el('details', {}, el('summary', {}, 'How this was judged'), notes)
    show(
      found.verdict,
      title,
      found.notes.at(-1) ?? lead,
      evidence(found),
      how,
      found.record !== null && reportForm(found.record.image_id),
    )
  } catch (cause) {
    if (mine !== asked) return
    const problem = problemOf(cause)
    const unreadable =
      problem.status === 413 || problem.status === 415 || problem.status === 400 || problem.status === 422
    if (unreadable) preview = ''
    show(
      'error',
      problem.status === 413
        ? 'That file is too big.'
        : unreadable
          ? 'That is not a picture we can read.'
          : 'It could not be checked.',
      problem.message,
    )
  } finally {
    if (mine === asked) {
      answer.removeAttribute('aria-busy')
      delete drop.dataset.busy
      // The same file may be chosen again.
      input.value = ''
    }
  }
}

const checkFirst = (files: FileList | null | undefined) => {
  const file = files?.[0]
  if (file !== undefined) void check(file, file.name)
}
input.addEventListener('change', () => checkFirst(input.files))
drop.addEventListener('submit', (event) => event.preventDefault())
for (const name of ['dragenter', 'dragover', 'dragleave', 'drop'] as const) {
  // The whole page takes a drop: beside the panel the browser would otherwise leave for the file.
  document.addEventListener(name, (event) => {
    event.preventDefault()
    drop.toggleAttribute('data-over', name === 'dragenter' || name === 'dragover')
    if (name === 'drop') checkFirst(event.dataTransfer?.files)
  })
}
document.addEventListener('paste', (event) => checkFirst(event.clipboardData?.files))

const own = new URLSearchParams(location.search).get('image')
if (own !== null) {
  try {
    const response = await fetch(`/v1/images/${encodeURIComponent(own)}/content`)
    if (!response.ok) throw new Error('not readable')
    await check(await response.blob(), own)
  } catch {
    show(
      'error',
      'That picture cannot be read.',
      'It may have been withdrawn, or it belongs to somebody else. You can still choose a file.',
    )
  }
}
