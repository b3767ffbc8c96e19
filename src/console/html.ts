// Markup by tagged template: everything put into `html` is escaped unless `html` itself made it. It is the only way that pages
// are written, so text that a person typed can never become an element or leave its attribute. Attributes must be quoted.

export class Html {
  readonly #text: string
  constructor(text: string) {
    this.#text = text
  }
  toString(): string {
    return this.#text
  }
}

/** `false`, `null` and `undefined` print nothing, so that `condition && html\`…\`` reads well. */
export type Printable = Html | string | number | boolean | null | undefined | readonly Printable[]

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (found) => entities[found] ?? '')
}

export function html(strings: TemplateStringsArray, ...values: readonly Printable[]): Html {
  let text = strings[0] ?? ''
  values.forEach((value, index) => {
    text += print(value) + (strings[index + 1] ?? '')
  })
  return new Html(text)
}

function print(value: Printable): string {
  if (value === null || value === undefined || value === false || value === true) return ''
  if (value instanceof Html) return value.toString()
  if (typeof value === 'object') return value.map(print).join('')
  return escapeHtml(String(value))
}
