// The whole queue, for leads: how much waits and since when, what is due, what came and was decided, whose hands are full, and each open
// item in the queue's order. It says nothing of how fast anybody is. modules/leads/live.ts keeps it as it is now.

import type { ModerationPolicy } from '../../../policy/policy.ts'
import type { PersonLoad, ReviewLoad } from '../../../review/load.ts'
import type { WholeQueue } from '../../../review/queue.ts'
import { flowChart, stackedBars } from '../../charts.ts'
import { type Html, html } from '../../html.ts'
import { exactly, span, time } from '../../times.ts'
import { queueItem } from './queue-item.ts'
import { ageName, asTable, LANE_NAMES, plural } from './words.ts'

export type QueuePage = {
  queue: WholeQueue
  load: ReviewLoad
  /** Who may have each item. */
  may: ReadonlyMap<string, readonly string[]>
  policy: ModerationPolicy
  /** The item after which this page of the list begins; null: the first. */
  after: string | null
}

export function queuePage({ queue, load, may, policy, after }: QueuePage): Html {
  const waiting = Object.values(queue.lanes).reduce((sum, count) => sum + count, 0)
  return html`<header class="lead">
<h1>Queue</h1>
<p id="summary">${summary(queue, load, waiting)}</p>
<p class="live" id="live" role="status" data-own="">Connecting…</p>
<p class="unseen" id="announcer" role="status" data-own=""></p>
<noscript><p class="callout">Without script this page is as it was at ${exactly(load.at)}, and items cannot be assigned here.</p></noscript>
</header>
<div class="spread">
<section class="panel stack" aria-labelledby="ages"><h2 id="ages">What waits, and how long already</h2>${ages(load)}</section>
<section class="panel stack" aria-labelledby="due"><h2 id="due">When it is due</h2>${due(load)}</section>
<section class="panel stack" aria-labelledby="flow"><h2 id="flow">The last ${load.hours.length} hours</h2>${flow(load)}</section>
<section class="panel stack" aria-labelledby="people"><h2 id="people">Whose hands are full</h2>${people(load)}</section>
</div>
<section class="stack" aria-labelledby="items">
<h2 id="items">Open items, in the queue’s order</h2>
${items({ queue, load, may, policy, after })}
</section>`
}

function summary(queue: WholeQueue, { nobody }: ReviewLoad, waiting: number): Html {
  if (waiting === 0) return html`Nothing waits. Whatever comes appears here by itself.`
  const oldest = queue.oldest_seconds === null ? '' : `, the oldest for ${span(queue.oldest_seconds)}`
  return html`<b class="number">${waiting}</b> ${waiting === 1 ? 'waits' : 'wait'}${oldest}.
${queue.breached > 0 && html`<b class="alarm"><span class="number">${queue.breached}</span> late.</b>`}
${nobody > 0 && html`<b class="alarm">For <span class="number">${nobody}</span> nobody is left:</b> <a href="/review/people">change who reviews what</a>, or end an absence.`}`
}

function ages({ ages }: ReviewLoad): Html {
  const shown = ages.filter(({ lane, buckets }) => lane !== 'restricted' || buckets.some(({ count }) => count > 0))
  const bars = shown.map(({ lane, buckets }) => ({
    name: LANE_NAMES[lane],
    parts: buckets.map(({ from_hours, to_hours, count }) => ({ name: ageName(from_hours, to_hours), count })),
  }))
  return html`${stackedBars(bars, 'age')}${tableOf('What waits, by lane and age', bars)}`
}

function due({ due }: ReviewLoad): Html {
  const shown = due.filter(
    (one) => one.lane !== 'restricted' || one.late + one.within_4h + one.within_24h + one.later > 0,
  )
  const bars = shown.map(({ lane, late, within_4h, within_24h, later }) => ({
    name: LANE_NAMES[lane],
    parts: [
      { name: 'late', count: late },
      { name: 'within 4 h', count: within_4h },
      { name: 'within 24 h', count: within_24h },
      { name: 'later', count: later },
    ],
  }))
  return html`${stackedBars(bars, 'due')}${tableOf('When it is due, by lane', bars)}`
}

function tableOf(
  caption: string,
  bars: readonly { name: string; parts: readonly { name: string; count: number }[] }[],
): Html {
  const names = bars[0]?.parts.map((part) => part.name) ?? []
  return asTable(
    caption,
    ['Lane', ...names],
    bars.map(({ name, parts }) => [name, ...parts.map((part) => part.count)]),
  )
}

function flow({ hours }: ReviewLoad): Html {
  const [first, last] = [hours[0]?.at, hours.at(-1)?.at]
  return html`${flowChart(hours)}
<p class="scale hint"><span>${first && exactly(first)}</span><span>${last && 'now'}</span></p>
${asTable(
  'What came and what was decided, by the hour',
  ['Hour', 'Came', 'Decided'],
  hours.toReversed().map(({ at, came, decided }) => [exactly(at), came, decided]),
)}`
}

function people({ people, at }: ReviewLoad): Html {
  if (people.length === 0) return html`<p>Nobody reviews yet. An administrator makes people with the role reviewer.</p>`
  return html`<div class="scrolls" role="group" aria-labelledby="people" tabindex="0"><table>
<thead><tr><th scope="col">Who</th><th scope="col" class="number">Holds</th><th scope="col" class="number">Kept for them</th><th scope="col" class="number">Could have</th></tr></thead>
<tbody>${people.map(
    (one) =>
      html`<tr id="load-${one.person_id}"><th scope="row"><bdi>${one.name}</bdi>${one.lead && html` <span class="hint">lead</span>`}${away(one, at)}</th><td class="number">${one.holding}</td><td class="number">${one.reserved}</td><td class="number">${one.could_have}</td></tr>\n`,
  )}</tbody>
</table></div>
<p class="hint">“Could have” counts what is free at the front of the queue and can be given to them now.</p>`
}

function away({ away_until: until }: PersonLoad, now: Date): Html | false {
  return until !== null && until > now && html` <span class="hint">back ${time(until, now)}</span>`
}

function items({ queue, load, may, policy, after }: QueuePage): Html {
  const names = new Map(load.people.map(({ person_id, name }) => [person_id, name]))
  if (queue.items.length === 0)
    return html`<p class="panel">${after === null ? 'There is none.' : 'There are no more.'}</p>${after !== null && firstPage}`
  return html`<ol class="items" aria-labelledby="items">
${queue.items.map((item) => queueItem({ item, may: may.get(item.id) ?? [], names, policy, now: load.at }))}</ol>
<nav class="row" aria-label="Pages of the list">${after !== null && firstPage}
${queue.next !== null && html`<a class="button" href="/review/queue?after=${queue.next}">The next ${plural(queue.items.length, 'item')}</a>`}</nav>`
}

const firstPage = html`<a class="button" href="/review/queue">Back to the front</a>`
