// Reporting a picture that the verify page found to be from here. What was written stays on the page until the server has it.

import { post, problemOf } from './api.ts'
import { announce, el, find } from './dom.ts'

/** The form for one picture, closed until it is asked for; nothing where the page offers none. */
export function reportForm(imageId: string): HTMLElement | false {
  const template = document.getElementById('report-template')
  if (!(template instanceof HTMLTemplateElement)) return false
  const form = el('form', { class: 'stack' }, template.content.cloneNode(true))
  const box = el('details', { class: 'report' }, el('summary', {}, 'Report this picture'), form)
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    void send(imageId, form, box)
  })
  return box
}

async function send(imageId: string, form: HTMLFormElement, box: HTMLElement): Promise<void> {
  const fields = new FormData(form)
  const said = (name: string) => String(fields.get(name) ?? '').trim() || null
  const button = find('report-send', HTMLButtonElement)
  const error = find('report-error', HTMLElement)
  button.disabled = true
  error.hidden = true
  try {
    const body = { image_id: imageId, category: said('category'), text: said('text'), email: said('email') }
    const { id } = await post<{ id: string }>('/v1/reports', body)
    const thanks = 'Thank you. People will look at it.'
    box.replaceWith(el('p', { class: 'callout' }, `${thanks} Quote `, el('code', {}, id), ' when you write to us.'))
    announce(thanks)
  } catch (cause) {
    error.textContent = problemOf(cause).message
    error.hidden = false
    button.disabled = false
  }
}
