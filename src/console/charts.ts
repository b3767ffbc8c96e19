// Pictures of figures, drawn as SVG without a line of script or style: bars that stretch with the page while all their words are HTML
// beside them, which wraps. Each picture says in words what it shows; the page has the same as a table. Pure.

import { type Html, html } from './html.ts'

/** One part of a bar: its class is its colour (`part-0` ... in style/leads.css). */
export type Part = { readonly name: string; readonly count: number }
export type Bar = { readonly name: string; readonly parts: readonly Part[] }

const WIDE = 1000

/** Bars on one scale, each of parts in the order of `names`; `tone` picks the colours. With a legend. */
export function stackedBars(bars: readonly Bar[], tone: 'age' | 'due' | 'kind'): Html {
  const most = Math.max(1, ...bars.map(total))
  const names = bars[0]?.parts.map((part) => part.name) ?? []
  return html`<div class="lanebars tone-${tone}">
${bars.map(
  (bar) => html`<div class="lanebar"><span class="lanebar-name">${bar.name}</span>
<svg viewBox="0 0 ${WIDE} 10" preserveAspectRatio="none" role="img" aria-label="${inWords(bar)}">${partsOf(bar, most)}</svg>
<span class="lanebar-total number">${total(bar)}</span></div>\n`,
)}<ul class="legend" aria-hidden="true">
${names.map((name, index) => html`<li><svg viewBox="0 0 10 10"><rect class="part-${index}" width="10" height="10" rx="2"/></svg>${name}</li>\n`)}</ul>
</div>`
}

function partsOf(bar: Bar, most: number): Html[] {
  let x = 0
  return bar.parts.map(({ count }, index) => {
    const width = (count / most) * WIDE
    const rect = html`<rect class="part-${index}" x="${round(x)}" y="0" width="${round(width)}" height="10"/>`
    x += width
    return count === 0 ? html`` : rect
  })
}

function total({ parts }: Bar): number {
  return parts.reduce((sum, part) => sum + part.count, 0)
}

/** "First look: 3, of these 2 under 1 h, 1 over 4 d". */
function inWords(bar: Bar): string {
  const parts = bar.parts.filter((part) => part.count > 0).map((part) => `${part.count} ${part.name}`)
  return `${bar.name}: ${parts.length === 0 ? 'none' : `${total(bar)}, of these ${parts.join(', ')}`}`
}

/** Day by day: columns of parts on one scale, of which the first stands lowest. With a legend, and the whole in words. */
export function stackedColumns(days: readonly Bar[], said: string): Html {
  const most = Math.max(1, ...days.map(total))
  const wide = WIDE / Math.max(1, days.length)
  const parts = days[0]?.parts.map((part) => part.name) ?? []
  const columns = days.map((day, index) => {
    let y = 100
    return day.parts.map(({ count }, part) => {
      const tall = (count / most) * 96
      y -= tall
      return (
        count > 0 &&
        html`<rect class="part-${part}" x="${round(index * wide + wide * 0.08)}" y="${round(y)}" width="${round(wide * 0.84)}" height="${round(tall)}"/>`
      )
    })
  })
  return html`<figure class="flow columns tone-kind">
<svg viewBox="0 0 ${WIDE} 100" preserveAspectRatio="none" role="img" aria-label="${said}">${columns}<line class="axis" x1="0" x2="${WIDE}" y1="100" y2="100"/></svg>
<figcaption><span>${days[0]?.name ?? ''} to ${days.at(-1)?.name ?? ''}</span> <span class="hint">at most ${most} in one day</span></figcaption>
</figure>
<ul class="legend tone-kind" aria-hidden="true">
${parts.map((name, index) => html`<li><svg viewBox="0 0 10 10"><rect class="part-${index}" width="10" height="10" rx="2"/></svg>${name}</li>\n`)}</ul>`
}

export type Flow = { readonly came: number; readonly decided: number }

/** Hour by hour: what came grows upwards, what was decided downwards, on one scale. */
export function flowChart(hours: readonly Flow[]): Html {
  const most = Math.max(1, ...hours.flatMap(({ came, decided }) => [came, decided]))
  const wide = WIDE / Math.max(1, hours.length)
  const bars = hours.map(({ came, decided }, index) => {
    const [x, width] = [round(index * wide + wide * 0.12), round(wide * 0.76)]
    const [up, down] = [(came / most) * 48, (decided / most) * 48]
    return html`${came > 0 && html`<rect class="came" x="${x}" y="${round(50 - up)}" width="${width}" height="${round(up)}"/>`}${
      decided > 0 && html`<rect class="decided" x="${x}" y="50" width="${width}" height="${round(down)}"/>`
    }`
  })
  const [came, decided] = [sum(hours, 'came'), sum(hours, 'decided')]
  return html`<figure class="flow">
<svg viewBox="0 0 ${WIDE} 100" preserveAspectRatio="none" role="img" aria-label="In ${hours.length} hours ${came} came and ${decided} were decided; at most ${most} in one hour.">${bars}<line class="axis" x1="0" x2="${WIDE}" y1="50" y2="50"/></svg>
<figcaption><span class="came-key">${came} came</span> <span class="decided-key">${decided} decided</span> <span class="hint">at most ${most} in one hour</span></figcaption>
</figure>`
}

function sum(hours: readonly Flow[], of: keyof Flow): number {
  return hours.reduce((all, hour) => all + hour[of], 0)
}

/** What may be said of a share: review/rates.ts. */
export type Said = {
  readonly standing: 'insufficient' | 'interval_only' | 'enough'
  readonly n: number
  readonly value: number | null
  readonly interval: { readonly low: number; readonly high: number } | null
}

/**
 * A dot and its whisker on a scale from `from` to 1, with the same in words; where too few were seen, that alone. `as`: a percentage, or
 * a plain number such as kappa.
 */
export function dotAndWhisker(name: string, said: Said, { from = 0, as = 'percent' }: Scale = {}): Html {
  const words = sayShare(said, as)
  const { interval, value } = said
  if (interval === null)
    return html`<p class="rate"><span class="rate-name">${name}</span> <span class="hint">${words}</span></p>`
  const at = (one: number) => round(20 + ((Math.min(1, Math.max(from, one)) - from) / (1 - from)) * (WIDE - 40))
  return html`<div class="rate"><span class="rate-name">${name}</span>
<svg viewBox="0 0 ${WIDE} 20" preserveAspectRatio="none" role="img" aria-label="${name}: ${words}"><line class="axis" x1="20" x2="${WIDE - 20}" y1="10" y2="10"/>${
    from < 0 && html`<line class="axis" x1="${at(0)}" x2="${at(0)}" y1="4" y2="16"/>`
  }<line class="whisker" x1="${at(interval.low)}" x2="${at(interval.high)}" y1="10" y2="10"/>${
    value !== null && html`<line class="point" x1="${at(value)}" x2="${at(value)}" y1="10" y2="10"/>`
  }</svg>
<span class="rate-words number" aria-hidden="true">${words}</span></div>`
}

type Scale = { readonly from?: -1 | 0; readonly as?: 'percent' | 'number' }

/** "92.0 % (85.0 to 96.1 %), n = 130". */
export function sayShare({ standing, n, value, interval }: Said, as: 'percent' | 'number' = 'percent'): string {
  if (standing === 'insufficient') return `too few to say (n = ${n})`
  if (interval === null) return `cannot be said (n = ${n})`
  const figure = (one: number) => (as === 'percent' ? (one * 100).toFixed(1) : one.toFixed(2))
  const unit = as === 'percent' ? ' %' : ''
  const reach = `${figure(interval.low)} to ${figure(interval.high)}${unit}`
  return value === null ? `${reach}, n = ${n}` : `${figure(value)}${unit} (${reach}), n = ${n}`
}

function round(value: number): number {
  return Math.round(value * 100) / 100
}
