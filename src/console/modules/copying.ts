// Copies what a button names (`data-copy`), wherever on the page it is, and says whether it was copied: on the button, and by
// `data-copied` or in general to whoever listens. Such buttons are shown where this can be done.

import { announce } from './dom.ts'

const SAID_MS = 4000

document.documentElement.toggleAttribute('data-copies', navigator.clipboard !== undefined)

document.addEventListener('click', async ({ target }) => {
  const button = target instanceof Element ? target.closest<HTMLButtonElement>('[data-copy]') : null
  const name = button?.firstChild
  if (!button || !name || button.dataset.usual !== undefined) return
  const { copy = '', copied = 'Copied.' } = button.dataset
  const done = await navigator.clipboard?.writeText(copy).then(
    () => true,
    () => false,
  )
  button.dataset.usual = name.nodeValue ?? ''
  name.nodeValue = done ? 'Copied' : 'Not copied'
  announce(done ? copied : 'It could not be copied. Mark it and copy it by hand.')
  setTimeout(() => {
    name.nodeValue = button.dataset.usual ?? ''
    delete button.dataset.usual
  }, SAID_MS)
})
