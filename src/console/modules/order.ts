// The form: its options follow the chosen model, its errors stand beside their fields, and it reads as an API request.

import type { Generation, Problem } from './api.ts'
import { find } from './dom.ts'

type Card = { id: string; sizes: string[]; size: string; steps: Record<'low' | 'medium' | 'high', number> }
type Control = HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement

const numeric = ['n', 'seed', 'previews']

export const form = find('order', HTMLFormElement)
export const prompt = find('prompt', HTMLTextAreaElement)
const general = find('order-error', HTMLElement)

const controls = (): Control[] =>
  [...form.elements].filter(
    (node): node is Control =>
      (node instanceof HTMLInputElement || node instanceof HTMLSelectElement || node instanceof HTMLTextAreaElement) &&
      node.name !== '',
  )
const isBox = (node: Control): node is HTMLInputElement => node instanceof HTMLInputElement && node.type === 'checkbox'
const control = (name: string) => controls().find((one) => one.name === name)

export function fitToModel(): void {
  const cards: Card[] = JSON.parse(form.dataset.cards ?? '[]')
  const card = cards.find((one) => one.id === control('model')?.value)
  const size = control('size')
  if (card === undefined || !(size instanceof HTMLSelectElement)) return
  const before = size.value
  const others = card.sizes.filter((one) => one !== card.size)
  size.replaceChildren(
    new Option(card.size.replace('x', ' × '), 'auto'),
    ...others.map((one) => new Option(one.replace('x', ' × '), one)),
  )
  if (others.includes(before)) size.value = before
  for (const option of form.querySelectorAll<HTMLOptionElement>('[name=quality] option')) {
    const steps = new Map(Object.entries(card.steps)).get(option.value)
    if (steps !== undefined) option.text = `${option.value} (${steps})`
  }
}

/** The body of POST /v1/generations: what was left empty is left out, so that the server's defaults hold. */
export function readOrder(): Record<string, string | number | boolean> {
  const order: Record<string, string | number | boolean> = {}
  for (const node of controls()) {
    const { name, value } = node
    if (isBox(node)) {
      if (node.checked) order[name] = true
      continue
    }
    const text = name === 'prompt' ? value : value.trim()
    if (text !== '') order[name] = numeric.includes(name) ? Number(text) : text
  }
  return order
}

/** Sets the form as it was for this generation, but for the prompt, which the server does not hand out again. */
export function fillOrder(generation: Generation, seed: number | null): void {
  const set = (name: string, value: string) => {
    const node = control(name)
    if (node instanceof HTMLSelectElement && ![...node.options].some((option) => option.value === value)) return
    if (node) node.value = value
  }
  set('model', generation.model)
  fitToModel()
  set('size', generation.size)
  set('quality', generation.quality)
  set('output_format', generation.output_format)
  const label = control('label')
  if (label !== undefined && isBox(label)) label.checked = generation.label
  set('n', '1')
  set('seed', seed === null ? '' : String(seed))
  if (seed !== null) form.querySelector('details')?.setAttribute('open', '')
}

export function clearErrors(): void {
  for (const node of form.querySelectorAll<HTMLElement>('.error')) node.hidden = true
  for (const node of controls()) node.removeAttribute('aria-invalid')
}

/** Shows a problem beside the field that it names, or above the button, and takes the reader there. */
export function showProblem({ field = '', message }: Pick<Problem, 'field' | 'message'>): void {
  const node = control(field)
  const line = document.getElementById(`${field}-error`)
  if (node === undefined || line === null) {
    general.textContent = field === '' || message.includes(field) ? message : `${field}: ${message}`
    general.hidden = false
    return
  }
  node.closest('details')?.setAttribute('open', '')
  line.textContent = message
  line.hidden = false
  node.setAttribute('aria-invalid', 'true')
  node.setAttribute('aria-describedby', line.id)
  node.focus()
}
