// Verdicts beside the decision that they led to. A verdict counts once it can be undone no more; what it leads to then comes before it in
// the log, and the page says so.

import type { Move } from '../../../audit/history-moves.ts'
import { type Html, html } from '../../html.ts'

/** Nothing of a move that is neither a verdict nor was decided by any. */
export function verdictWords(move: Move, moves: readonly Move[]): Html {
  return html`${move.verdicts.length > 0 && ledBy(move, moves)}${counting(move, moves)}`
}

export const anchorOf = ({ place }: Move): string => `move-${place.sequence}`

const OUTCOMES = { allow: 'allow', deny: 'deny', omit: 'leave undecided' } as const
const VERDICTS = ['verdict', 'verdicts']

function ledBy({ verdicts }: Move, moves: readonly Move[]): Html {
  const one = ({ id, person, outcome, given_at }: Move['verdicts'][number]) => {
    const told = moves.find((move) => move.kind === 'review.verdict' && verdictsIn(move).includes(id))
    const name = html`<code>${person}</code>`
    return html`${told === undefined ? name : html`<a href="#${anchorOf(told)}">${name}</a>`}: ${OUTCOMES[outcome]}, given at ${clock(given_at)}`
  }
  return html`<p class="hint">Decided by ${verdicts.length === 1 ? 'the verdict' : `${verdicts.length} verdicts`} of ${verdicts.map((verdict, at) => html`${at > 0 && '; '}${one(verdict)}`)}.</p>
`
}

/** Of a verdict, and of the note that the verdicts count. */
function counting(move: Move, moves: readonly Move[]): Html | false {
  const { kind, given_at, at } = move
  if (kind !== 'review.verdict' && kind !== 'review.ruled') return false
  const ids = verdictsIn(move)
  const decision = moves.find(({ verdicts }) => verdicts.some(({ id }) => ids.includes(id)))
  const before = decision !== undefined && BigInt(decision.place.sequence) < BigInt(move.place.sequence)
  if (given_at === null && !before) return false
  return html`<p class="hint">${given_at !== null && html`Given at ${clock(given_at)}, counts from ${clock(at)}. `}${before && html`It led to “<a href="#${anchorOf(decision)}">${decision.says}</a>”, which the log has before it: both were written in one step.`}</p>
`
}

function verdictsIn({ facts }: Move): string[] {
  return facts.flatMap(({ name, value }) => (VERDICTS.includes(name) ? value.split(', ') : []))
}

const clock = (iso: string): Html => html`<time class="number" datetime="${iso}">${iso.slice(11, 19)}</time>`
