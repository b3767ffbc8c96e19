// The draft of routing rules that the page carries along: read from what a form sent, and changed. Nothing of it is kept here.

import { Fault } from '../../kernel/fault.ts'
import { MOST_RULES, type RoutingRule, RulesShape } from '../../review/routing-rules.ts'
import type { Act } from '../pages/leads/routing.ts'

export type Posted = {
  readonly act: string
  /** Which rule the act is about. */
  readonly place: number
  readonly draft: readonly RoutingRule[]
  /** The one that the draft was made from. */
  readonly version: number
}

/** Fault: invalid_request, which no button of the page can bring about. */
export function readPosted(fields: URLSearchParams): Posted {
  const [act = '', place = '0'] = (fields.get('act') ?? '').split('.')
  const draft = parsed(fields.get('draft') ?? '')
  const version = Number(fields.get('version') ?? Number.NaN)
  if (!RulesShape.Check(draft) || draft.length > MOST_RULES || !Number.isInteger(version) || !/^\d{1,3}$/.test(place))
    throw new Fault('invalid_request', { detail: 'this form was not made by this page: open the page again' })
  return { act, place: Number(place), draft, version }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

/** With other rules in the place of one, or at the end. */
export function changed(draft: readonly RoutingRule[], place: number, ...rules: RoutingRule[]): readonly RoutingRule[] {
  return draft.toSpliced(place, 1, ...rules)
}

type Moved = { draft: readonly RoutingRule[]; focus: { place: number; act: Act } }

/** At either end a rule stays where it is. */
export function moved(draft: readonly RoutingRule[], place: number, act: 'up' | 'down'): Moved {
  const to = place + (act === 'up' ? -1 : 1)
  const rule = draft[place]
  if (rule === undefined || draft[to] === undefined) return { draft, focus: { place, act } }
  return { draft: draft.toSpliced(place, 1).toSpliced(to, 0, rule), focus: { place: to, act } }
}
