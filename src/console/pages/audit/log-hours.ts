// How the log grew in the last day, hour by hour, as a picture without script or style, with the same in words and as a table.

import { type Html, html } from '../../html.ts'
import { exactly } from '../../times.ts'
import { asTable } from '../leads/words.ts'
import { count, figure } from './export-words.ts'

const WIDE = 960
const HIGH = 100

type Hour = { readonly at: Date; readonly leaves: number }

export function logHours(hours: readonly Hour[]): Html {
  const most = Math.max(1, ...hours.map(({ leaves }) => leaves))
  const all = hours.reduce((sum, { leaves }) => sum + leaves, 0)
  const wide = WIDE / Math.max(1, hours.length)
  const bars = hours.map(({ leaves }, hour) => {
    // What is not nothing can be seen.
    const high = leaves === 0 ? 0 : Math.max(2, Math.round((leaves / most) * HIGH))
    return (
      leaves > 0 &&
      html`<rect class="grown" x="${hour * wide + 4}" y="${HIGH - high}" width="${wide - 8}" height="${high}"/>`
    )
  })
  const [first] = hours
  const peak = all === 0 ? '' : `; at most ${figure(most)} in one hour`
  return html`<figure class="log-hours">
<svg viewBox="0 0 ${WIDE} ${HIGH + 1}" preserveAspectRatio="none" role="img" aria-label="In ${hours.length} hours the log took in ${count(all, 'leaf', 'leaves')}${peak}.">${bars}<line class="axis" x1="0" x2="${WIDE}" y1="${HIGH}" y2="${HIGH}"/></svg>
<p class="scale hint"><span>${first && exactly(first.at)}</span><span>now</span></p>
<figcaption>${count(all, 'leaf', 'leaves')} in ${hours.length} hours${peak}.</figcaption>
</figure>
${asTable(
  'Leaves by the hour',
  ['Hour', 'Leaves'],
  hours.toReversed().map(({ at, leaves }) => [exactly(at), figure(leaves)]),
)}`
}
