// A tenant's statements as a small picture: how many each week, how many of them were appealed, and how many of those were reversed. A
// share is only said where enough was seen for it (review/rates.ts); the counts themselves always are.

import { type Share, shareOf } from '../../review/rates.ts'
import type { Tally } from '../../statement/tally.ts'
import { type Html, html } from '../html.ts'

const BAR = { width: 12, gap: 4, height: 48 }
const LINE = { width: 188, height: 20 }
const DAY = new Intl.DateTimeFormat('en', { day: 'numeric', month: 'short', timeZone: 'UTC' })

export function counters({ weeks, open, appealed, decided, reversed }: Tally): Html {
  const total = weeks.reduce((sum, { statements }) => sum + statements, 0)
  return html`<section class="counters" aria-label="The last ${weeks.length} weeks">
${figure('Statements', `${total} in ${weeks.length} weeks`, weekly(weeks))}
${figure('Appealed', `${appealed} of ${open} that could be`, share(shareOf(appealed, open)))}
${figure('Reversed', `${reversed} of ${decided} appeals decided`, share(shareOf(reversed, decided)))}
</section>`
}

function figure(name: string, counts: string, picture: Html): Html {
  return html`<figure class="panel">
<figcaption><h2>${name}</h2><p class="hint">${counts}</p></figcaption>
${picture}
</figure>`
}

function weekly(weeks: Tally['weeks']): Html {
  const most = Math.max(1, ...weeks.map(({ statements }) => statements))
  const width = weeks.length * (BAR.width + BAR.gap) - BAR.gap
  const said = weeks.map(({ monday, statements }) => `${DAY.format(new Date(monday))}: ${statements}`).join(', ')
  return html`<svg class="bars" viewBox="0 0 ${width} ${BAR.height}" preserveAspectRatio="none" role="img" aria-label="By week, from ${said}">
${weeks.map(({ statements }, index) => {
  const height = statements === 0 ? 1 : Math.max(3, (statements / most) * BAR.height)
  return html`<rect class="${statements === 0 ? 'none' : 'bar'}" x="${index * (BAR.width + BAR.gap)}" y="${(BAR.height - height).toFixed(1)}" width="${BAR.width}" height="${height.toFixed(1)}"/>\n`
})}</svg>`
}

function share({ standing, value, interval, n }: Share): Html {
  if (interval === null)
    return html`<p class="hint">${n === 0 ? 'Nothing to tell yet.' : 'Too few to say a share.'}</p>`
  const range = `${percent(interval.low)} to ${percent(interval.high)}`
  const said = value === null ? `between ${range.replace(' to ', ' and ')}` : `${percent(value)} (${range})`
  const at = (part: number) => (part * LINE.width).toFixed(1)
  return html`<p class="share">${said}</p>
<svg class="interval" viewBox="0 0 ${LINE.width} ${LINE.height}" preserveAspectRatio="none" role="img" aria-label="95 % interval: ${range}">
<rect class="none" x="0" y="9" width="${LINE.width}" height="2"/>
<rect class="bar" x="${at(interval.low)}" y="5" width="${at(Math.max(interval.high - interval.low, 0.01))}" height="10"/>
${value !== null && html`<rect class="dot" x="${(value * LINE.width - 1.5).toFixed(1)}" y="1" width="3" height="18"/>`}
</svg>${standing === 'interval_only' && html`<p class="hint">Fewer than 100: only the interval is said.</p>`}`
}

function percent(part: number): string {
  return `${(part * 100).toFixed(part > 0 && part < 0.1 ? 1 : 0)} %`
}
