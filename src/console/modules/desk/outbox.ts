// Verdicts on their way to the server, and those that can still be taken back. The next item is shown at once; a verdict that could not
// be stored is said, with what to do, and nothing of it is lost. The same verdict under the same token may be sent again: the server
// stores it once.

import { type Problem, post, problemOf } from '../api.ts'
import { announce, button, el, find, plural } from '../dom.ts'
import { addressOf, type Claimed } from './claims.ts'
import { verdictWord } from './told.ts'
import { forget, type Verdict } from './verdict.ts'

export type Sent = {
  id: string
  /** Null: it was given before this page was loaded. */
  claimed: Claimed | null
  verdict: Verdict
  /** Further held items with the same picture. */
  alike: readonly string[]
  /** Resolves once it is stored, or failed. */
  done: Promise<Problem | null>
  undoUntil: number | null
  /** The server did not answer; it is sent again. */
  doubt: boolean
}

const RETRY_MS = 2000
const bar = find('sent', HTMLElement)
const list: Sent[] = []
/** Whatever this page gave or took back: what the stream says of these may be older. */
const own = new Set<string>()

let undo: (sent: Sent) => void = () => undefined
let look: (sent: Sent) => void = () => undefined
export function onSent(acts: { undo: typeof undo; look: typeof look }): void {
  undo = acts.undo
  look = acts.look
}

export function dispatch(claimed: Claimed, verdict: Verdict, alike: readonly string[]): Sent {
  const sent: Sent = {
    id: claimed.item.id,
    claimed,
    verdict,
    alike,
    undoUntil: null,
    doubt: false,
    done: Promise.resolve(null),
  }
  own.add(sent.id)
  list.unshift(sent)
  list.length = Math.min(list.length, 20)
  sent.done = store(sent, claimed)
  draw()
  return sent
}

/**
 * Verdicts that were given before this page was loaded, in another tab, or with one of this page's to an identical item, and can still be taken
 * back. The last come after the one that they were given with.
 */
export function adopt(given: readonly { id: string; outcome: string; undo_until: string }[]): void {
  for (const { id, outcome, undo_until } of given.toReversed()) {
    if (
      own.has(id) ||
      list.some((one) => one.id === id) ||
      (outcome !== 'allow' && outcome !== 'deny' && outcome !== 'omit')
    )
      continue
    const adopted: Sent = {
      id,
      claimed: null,
      verdict: { outcome },
      alike: [],
      undoUntil: Date.parse(undo_until),
      doubt: false,
      done: Promise.resolve(null),
    }
    list.splice(list.findIndex(({ alike }) => alike.includes(id)) + 1, 0, adopted)
  }
  draw()
}

async function store(sent: Sent, { item, lease }: Claimed): Promise<Problem | null> {
  const { verdict, alike } = sent
  const body = { lease: lease.token, ...verdict }
  for (;;) {
    try {
      const { effect_at } =
        alike.length === 0
          ? await post<{ effect_at: string }>(addressOf(item.id, 'decide'), body)
          : await post<{ effect_at: string }>('/v1/review/bulk', { item: item.id, items: alike, ...body })
      sent.undoUntil = Date.parse(effect_at)
      sent.doubt = false
      forget(item.id)
      draw()
      announce(`${verdictWord(verdict.outcome)}. It can be taken back for a minute.`)
      return null
    } catch (cause) {
      const problem = problemOf(cause)
      const passing = problem.status === 0 || problem.status === 503 || problem.status === 429
      if (!passing || Date.parse(lease.until) < Date.now()) {
        drop(sent)
        return problem
      }
      sent.doubt = true
      draw()
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
    }
  }
}

export function drop(sent: Sent): void {
  own.add(sent.id)
  const place = list.indexOf(sent)
  if (place >= 0) list.splice(place, 1)
  draw()
}

export const last = () => list[0]
export const isOnTheWay = () => list.some(({ claimed, undoUntil }) => claimed !== null && undoUntil === null)
export const lastUndoable = () => list.find((one) => one.undoUntil !== null && one.undoUntil > Date.now())

function draw(): void {
  const sent = list.find(({ doubt }) => doubt) ?? list[0]
  bar.hidden = sent === undefined
  if (sent === undefined) return
  const left = sent.undoUntil === null ? null : Math.ceil((sent.undoUntil - Date.now()) / 1000)
  const word = verdictWord(sent.verdict.outcome)
  const more = sent.alike.length === 0 ? '' : `, and ${plural(sent.alike.length, 'identical one')}`
  const text =
    left === null
      ? sent.doubt
        ? 'The server cannot be reached. Your verdict is kept here and sent again.'
        : `${word}${more}: being stored…`
      : left > 0
        ? `${word}${more}.`
        : `${word}${more}. It has taken effect.`
  const first = bar.firstElementChild
  // Only what changed, so that the focus stays on a button of this bar.
  if (first?.textContent !== text) first?.replaceChildren(text)
  const open = left !== null && left > 0
  const acts = bar.querySelector('.row')
  if (acts === null) return
  if (!open || bar.dataset.of !== sent.id || acts.childElementCount === 0) {
    bar.dataset.of = sent.id
    acts.replaceChildren(
      ...(open ? [button('Undo', () => undo(sent), { class: 'quiet' }), el('span', { class: 'number' })] : []),
      ...(left === null ? [] : [button('What was it?', () => look(sent), { class: 'quiet' })]),
    )
  }
  const count = acts.querySelector('span')
  if (count !== null) count.textContent = `${left} s`
}
setInterval(draw, 1000)
