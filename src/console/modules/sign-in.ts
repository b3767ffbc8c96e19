// Sign-in without leaving the page: what went wrong is said beside the field.

import { post, problemOf } from './api.ts'
import { find } from './dom.ts'

const form = find('sign-in', HTMLFormElement)
const key = find('key', HTMLInputElement)
const error = find('key-error', HTMLElement)

const UNKNOWN = 'That key is not known here. Check that all of it was copied.'
const words: Record<string, string> = {
  unauthenticated: UNKNOWN,
  invalid_request: UNKNOWN,
  tenant_suspended: 'Your organisation is suspended here. Ask the operator of this service why.',
  rate_limited: 'Too many tries from here. Wait a minute, and try again.',
}

form.addEventListener('submit', async (event) => {
  event.preventDefault()
  error.hidden = true
  try {
    const to = new FormData(form).get('to')
    location.assign((await post<{ to: string }>('/session', { key: key.value.trim(), to })).to)
  } catch (cause) {
    const { code, message } = problemOf(cause)
    error.textContent = words[code] ?? message
    error.hidden = false
    key.setAttribute('aria-invalid', 'true')
    key.focus()
    key.select()
  }
})
