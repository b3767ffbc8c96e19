// What a dry run of routing rules said, as tables with bars: of each rule, and of what each person could have had.

import type { Trial } from '../../../review/routing-trial.ts'
import { type Html, html } from '../../html.ts'
import { counted } from './rule-sentence.ts'

export function trialTables({ items, truncated, unmatched, rules, by_person, later }: Trial): Html {
  return html`<section class="tried stack" aria-labelledby="tried">
<h2 id="tried" tabindex="-1" autofocus>On the last day</h2>
<p>${items === 0 && 'Nothing came, so that this says nothing yet. '}${truncated ? `Of the ${counted(items, 'newest item')}` : `Of the ${counted(items, 'item')} that came`}, ${unmatched === 0 ? 'each matches a rule' : `${unmatched} match no rule`}. Compared with the rules in force, ${more(later.more_verdicts, 'verdict')} would be needed and ${more(later.lead_only, 'item')} would be for leads alone.</p>
<p class="hint">Changed: otherwise than by the rules in force. Nobody: left to nobody. Too few: left to fewer people than have to judge them.</p>
${
  rules.length > 0 &&
  html`<table>
<caption>What each rule decides</caption>
<thead><tr><th scope="col">Rule</th><th scope="col">Items</th><th scope="col">Changed</th><th scope="col">Nobody</th><th scope="col">Too few</th></tr></thead>
<tbody>${rules.map(
    ({
      index,
      name,
      matched,
      changed,
      nobody,
      too_few,
    }) => html`<tr><th scope="row">${index + 1}. <bdi>${name}</bdi></th>${[matched, changed].map(
      (count) => html`<td><span class="portion">${bar(count, items)}</span></td>`,
    )}${[nobody, too_few].map((count) => html`<td${count > 0 && html` class="bad"`}>${count}</td>`)}</tr>
`,
  )}</tbody>
</table>`
}
<table>
<caption>How many items each person could have had</caption>
<thead><tr><th scope="col">Person</th><th scope="col">By the rules in force</th><th scope="col">By these</th></tr></thead>
<tbody>${by_person.map(
    ({ name, could_have_now, could_have_then }) => html`<tr><th scope="row"><bdi>${name}</bdi></th>${[
      could_have_now,
      could_have_then,
    ].map((count) => html`<td><span class="portion">${bar(count, items)}</span></td>`)}</tr>
`,
  )}</tbody>
</table>
</section>`
}

function more(count: number, one: string): string {
  if (count === 0) return `no more ${one}s`
  return `${Math.abs(count)} ${count > 0 ? 'more' : 'fewer'} ${one}${Math.abs(count) === 1 ? '' : 's'}`
}

/** The count in words, and as a part of the whole. */
function bar(count: number, whole: number): Html {
  const width = whole === 0 ? 0 : (100 * count) / whole
  return html`<span>${count}</span> <svg class="bar" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true"><rect class="track" width="100" height="8"/><rect width="${width}" height="8"/></svg>`
}
