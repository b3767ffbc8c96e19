// Finding a picture: one that is chosen, dropped or pasted is sent at once. The page works without this.

import { announce, find } from './dom.ts'

const form = find('ask', HTMLFormElement)
const drop = find('drop', HTMLElement)
const input = find('file', HTMLInputElement)

function send(files: FileList | undefined): void {
  if (files === undefined || files.length === 0) return
  if (input.files !== files) input.files = files
  drop.dataset.busy = ''
  announce('Looking at the picture')
  form.requestSubmit()
}

find('send', HTMLButtonElement).hidden = true
input.addEventListener('change', () => send(input.files ?? undefined))
for (const name of ['dragenter', 'dragover', 'dragleave', 'drop'] as const) {
  // The whole page takes a drop: beside the panel the browser would otherwise leave for the file.
  document.addEventListener(name, (event) => {
    event.preventDefault()
    drop.toggleAttribute('data-over', name === 'dragenter' || name === 'dragover')
    if (name === 'drop') send(event.dataTransfer?.files)
  })
}
document.addEventListener('paste', (event) => send(event.clipboardData?.files))
// A page that the browser kept is as it was left.
addEventListener('pageshow', () => {
  delete drop.dataset.busy
  input.value = ''
})

document.getElementById('found')?.focus()
