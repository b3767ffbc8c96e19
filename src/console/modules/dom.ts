// Elements from values. Text only ever becomes text nodes, so nothing that somebody typed can turn into markup.

type Attribute = string | number | boolean | undefined | ((event: Event) => void)
type Child = Node | string | number | false | null | undefined

export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Record<string, Attribute> = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const node = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') node.addEventListener(name, value)
    else if (value === true) node.setAttribute(name, '')
    else if (value !== undefined && value !== false) node.setAttribute(name, String(value))
  }
  for (const child of children)
    if (child !== false && child != null) node.append(child instanceof Node ? child : String(child))
  return node
}

/** A button that does something on this page. */
export const button = (text: Child, click: () => void, more: Record<string, Attribute> = {}) =>
  el('button', { type: 'button', click, ...more }, text)

/** The element that the page promises under this id. */
export function find<T extends HTMLElement>(id: string, kind: new () => T): T {
  const node = document.getElementById(id)
  if (!(node instanceof kind)) throw new Error(`the page lacks #${id}`)
  return node
}

export const plural = (count: number, one: string, many = `${one}s`) => `${count} ${count === 1 ? one : many}`

/** Spoken by screen readers, without moving the focus. */
export function announce(text: string): void {
  const node = find('announcer', HTMLElement)
  if (node.textContent !== text) node.textContent = text
}

const steps: [Intl.RelativeTimeFormatUnit, number][] = [
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
]

/** "3 minutes ago", with the exact moment on hover. */
export function when(iso: string): HTMLElement {
  const moment = new Date(iso)
  const ago = (moment.getTime() - Date.now()) / 1000
  const [unit, seconds] = steps.find(([, size]) => Math.abs(ago) >= size) ?? ['second', 1]
  const text =
    Math.abs(ago) < 45
      ? 'just now'
      : new Intl.RelativeTimeFormat('en', { numeric: 'auto', style: 'narrow' }).format(Math.round(ago / seconds), unit)
  return el('time', { datetime: iso, title: moment.toLocaleString() }, text)
}
