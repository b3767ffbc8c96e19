// All that happened to a request and its images: what it is now, then every move by day, each with who made it, the facts that help and
// its place in the log. The proof of a row is a page of its own (row.ts), which modules/audit-history.ts opens in place.

import type { History } from '../../../audit/history.ts'
import type { Fact } from '../../../audit/history-facts.ts'
import type { Move } from '../../../audit/history-moves.ts'
import { type Html, html } from '../../html.ts'
import { time } from '../../times.ts'
import { linked, statementsOf } from './history-statements.ts'
import { anchorOf, verdictWords } from './history-verdicts.ts'
import { imageCard } from './image.ts'
import { auditWays } from './ways.ts'
import { doer, policyNamed, stateLabel, toneOf } from './words.ts'

/** `first`: whether these are the first of its moves. */
export type HistoryView = { history: History; first: boolean }

export function historyPage({ history, first }: HistoryView): Html {
  const { request, image_id, images, moves, next } = history
  const now = new Date(history.as_of)
  const id = image_id ?? request.id
  const erased = images.find((image) => image.id === image_id)?.erased_at ?? request.erased_at
  return html`${auditWays('/audit')}<div class="stack history">
<header class="lead">
<h1>What happened to ${image_id === null ? 'a request' : 'an image'}</h1>
<p><code>${id}</code></p>
</header>
${erased !== null && html`<p class="callout">Its content was erased ${time(new Date(erased), now)}. What happened stands: nothing of the content was in it.</p>`}
${summary(history, now)}
<section class="stack" aria-labelledby="images">
<h2 id="images">${images.length === 1 ? 'The image' : `${images.length} images`}, as of now</h2>
<div class="cards">${images.map((image) => imageCard(image, { of: images.length, asked: image.id === image_id, now }))}</div>
</section>
${statementsOf(history, now)}
<section class="stack" aria-labelledby="moves">
<h2 id="moves">${moves.length === 0 ? 'No more moves' : 'Every move'}</h2>
${days(moves).map(([day, own]) => dayOf(day, own, history, now))}
<nav class="row" aria-label="Pages">
${!first && html`<a class="button" href="/audit/history/${id}">To the first moves</a>`}
${next !== null && html`<a class="button" href="/audit/history/${id}?after=${next}" rel="next">Later moves</a>`}
</nav>
</section>
<p class="unseen" id="announcer" role="status" aria-live="polite"></p>
</div>`
}

function summary({ request, image_id, images, statements, policies }: History, now: Date): Html {
  const { tenant, led_to: led, follows } = request
  const image = images.find(({ id }) => id === image_id)
  const ofRequest = stateLabel(request.outcome ?? request.state, request.erased_at !== null)
  const traits: [string, Html | string | null | undefined][] = [
    ['State', image === undefined ? ofRequest : stateLabel(image.state, image.erased_at !== null)],
    ['Withdrawn', image?.withdrawn_at ? time(new Date(image.withdrawn_at), now) : null],
    [
      'Of the request',
      image && html`<a href="/audit/history/${request.id}"><code>${request.id}</code></a> ${ofRequest}`,
    ],
    ['Ordered', time(new Date(request.created_at), now)],
    ['Tenant', html`<bdi>${tenant.name}</bdi>, in the log <code>${tenant.pseudonym}</code>`],
    [
      'Model',
      `${request.model} ${request.model_version}, ${request.width} × ${request.height}, ${request.steps} steps`,
    ],
    ['Policy', policyNamed(request.policy_digest, policies)],
    ['Rehearsal', request.scenario],
    [
      'Follows',
      follows === null ? null : html`an appeal of <a href="/audit/history/${follows}"><code>${follows}</code></a>`,
    ],
    [
      'Led to',
      led.length === 0 ? null : html`${led.map((id) => html`<a href="/audit/history/${id}"><code>${id}</code></a> `)}`,
    ],
    [
      'Statements',
      statements.length === 0
        ? null
        : html`${statements.map(({ id, replaced_by }) => html`<a href="#${id}"><code>${id}</code></a>${replaced_by !== null && ' (replaced)'} `)}`,
    ],
  ]
  return html`<dl class="traits panel">
${traits.map(([name, value]) => value && html`<div><dt>${name}</dt><dd>${value}</dd></div>\n`)}</dl>`
}

function days(moves: readonly Move[]): [string, Move[]][] {
  return [...Map.groupBy(moves, ({ at }) => at.slice(0, 10))]
}

const DAY = new Intl.DateTimeFormat('en-GB', { dateStyle: 'full', timeZone: 'UTC' })

function dayOf(day: string, moves: readonly Move[], history: History, now: Date): Html {
  return html`<section class="day" aria-labelledby="day-${day}">
<h3 id="day-${day}">${DAY.format(new Date(day))} <span class="hint">UTC</span></h3>
<ol class="moves">
${moves.map((move) => moveOf(move, history, now))}</ol>
</section>`
}

function moveOf(move: Move, history: History, now: Date): Html {
  const { at, says, subject, by, facts } = move
  return html`<li class="move" id="${anchorOf(move)}" data-tone="${toneOf(move)}">
<p class="says"><strong>${says}</strong>${subject !== null && html` <span class="about">${about(subject, history)}</span>`}</p>
<p class="hint">${time(new Date(at), now)}, <span class="number">${at.slice(11, 19)}</span>${by !== null && html`, ${doer(by, history.policies)}`}</p>
${verdictWords(move, history.moves)}${inShort(facts)}<div class="opens">
${
  facts.length > 0 &&
  html`<details><summary>${facts.length === 1 ? '1 fact' : `${facts.length} facts`}</summary>
<dl class="particulars">${facts.map(({ name, value }) => html`<div><dt>${name}</dt><dd>${linked(value, history)}</dd></div>`)}</dl>
</details>
`
}${placeOf(move)}</div>
</li>
`
}

const TELLING: ReadonlySet<string> = new Set([
  'outcome',
  'clause',
  'new clause',
  'reason',
  'band',
  'attempt',
  'software had said',
])

/** What one looks for first, without opening anything. */
function inShort(facts: readonly Fact[]): Html | false {
  const told = facts.filter(({ name }) => TELLING.has(name))
  return (
    told.length > 0 &&
    html`<p class="in-short">${told.map(({ name, value }) => html`<span><span class="hint">${name}</span> ${value}</span> `)}</p>
`
  )
}

/** Which of it a move is about, in as few words as tell it apart. */
function about(subject: { type: string; id: string }, { images }: History): Html {
  const place = images.findIndex((image) => image.id === subject.id)
  if (place >= 0) return images.length === 1 ? html`the image` : html`image ${place + 1} of ${images.length}`
  return subject.type === 'request' ? html`the request` : html`${subject.type} <code>${subject.id}</code>`
}

function placeOf({ place, says }: Move): Html {
  const { index, sequence, signed_in, leaf_hash } = place
  if (index === null || signed_in === null)
    return html`<p class="hint">Number <span class="number">${sequence}</span> of its tenant; it waits for the log’s next checkpoint.</p>
`
  return html`<details class="place" data-row="${index}"><summary>In the log at index <span class="number">${index}</span><span class="unseen">: ${says}</span></summary>
<p class="hint">Number <span class="number">${sequence}</span> of its tenant, since the checkpoint of <span class="number">${signed_in}</span> leaves, as <code>${leaf_hash}</code>.</p>
<p><a href="/audit/rows/${index}">The entry and its proof<span class="unseen"> at index ${index}</span></a></p>
</details>
`
}
