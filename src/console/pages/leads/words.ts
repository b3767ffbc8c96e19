// What lanes, kinds and ages are called on the pages of leads.

import type { ReviewKind } from '../../../kernel/review-tables.ts'
import type { ModerationPolicy } from '../../../policy/policy.ts'
import type { Lane } from '../../../review/lane.ts'
import { type Html, html } from '../../html.ts'

export const LANE_NAMES: Readonly<Record<Lane, string>> = {
  first_look: 'First look',
  second_look: 'Second look',
  report: 'Reports',
  restricted: 'Restricted',
}

export const KIND_NAMES: Readonly<Record<ReviewKind, string>> = {
  hold: 'held picture',
  appeal: 'appeal',
  audit: 'sample',
  report: 'report',
  gold: 'gold question',
  escalation: 'escalation',
}

export function categoryName(policy: ModerationPolicy, id: string | null): string {
  if (id === null) return 'No category'
  return titled(policy.categories.find((category) => category.id === id)?.name ?? id)
}

export function titled(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}

/** "under 1 h", "4 to 12 h", "over 4 d". */
export function ageName(from: number, to: number | null): string {
  const [first, last] = [hours(from), to === null ? null : hours(to)]
  if (last === null) return `over ${first}`
  return from === 0
    ? `under ${last}`
    : `${first.replace(/ \w+$/, unitOf(from) === unitOf(to ?? 0) ? '' : '$&')} to ${last}`
}

const unitOf = (count: number) => (count >= 48 ? 'd' : 'h')
const hours = (count: number) => (count >= 48 ? `${count / 24} d` : `${count} h`)

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`
}

/** The figures of a picture as a table, for who asks for it. Its first column names the row. */
export function asTable(
  caption: string,
  head: readonly string[],
  rows: readonly (readonly (string | number)[])[],
): Html {
  return html`<details class="figures"><summary>The same as a table</summary>
<div class="scrolls" role="group" aria-label="${caption}" tabindex="0"><table>
<caption class="unseen">${caption}</caption>
<thead><tr>${head.map((name, column) => html`<th scope="col"${column > 0 && html` class="number"`}>${name}</th>`)}</tr></thead>
<tbody>${rows.map(
    ([name = '', ...cells]) =>
      html`<tr><th scope="row">${name}</th>${cells.map((cell) => html`<td class="number">${cell}</td>`)}</tr>\n`,
  )}</tbody>
</table></div>
</details>`
}
