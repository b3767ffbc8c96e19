// Sign-in without leaving the page: a wrong key is said beside the field.

import { find } from './dom.ts'

const form = find('sign-in', HTMLFormElement)
const key = find('key', HTMLInputElement)
const error = find('key-error', HTMLElement)

form.addEventListener('submit', async (event) => {
  event.preventDefault()
  error.hidden = true
  const to = new FormData(form).get('to')
  const response = await fetch('/session', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ key: key.value.trim(), to }),
  }).catch(() => null)
  if (response?.ok) return location.assign((await response.json()).to)
  const known = response !== null && [400, 401, 403].includes(response.status)
  error.textContent = known
    ? 'That key is not known here. Check that all of it was copied.'
    : 'The server cannot be reached. Try again in a moment.'
  error.hidden = false
  key.setAttribute('aria-invalid', 'true')
  key.focus()
  key.select()
})
