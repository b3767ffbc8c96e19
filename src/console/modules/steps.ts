// How far an appeal has come, as three steps: received, looked at again, decided; with dates, and by when at the latest.

import type { StatementResource } from '../../http/statement-schemas.ts'
import { el } from './dom.ts'
import { day, said, words } from './speech.ts'

type Appeal = NonNullable<StatementResource['appeal']>

export function steps({ state, created_at, reviewing_at, due_at, ended_at }: Appeal): HTMLElement[] {
  const own = words.appeal
  const waiting = state === 'open' || state === 'reviewing'
  const looked = state === 'reviewing' || (reviewing_at !== null && state !== 'withdrawn')
  const last = state === 'withdrawn' ? own.takenBack : state === 'omitted' ? own.closed : own.decided
  const late = due_at !== null && Date.parse(due_at) < Date.now()
  const due = waiting && due_at !== null ? said(late ? own.late : own.due, { day: day(due_at) }) : []
  const step = (name: string, reached: boolean, current: boolean, ...more: (Node | string)[]) =>
    el(
      'li',
      { 'data-reached': reached, 'aria-current': current && 'step' },
      el('strong', {}, name),
      ...(more.length === 0 ? [] : [el('span', {}, ...more)]),
    )
  return [
    step(own.received, true, state === 'open', day(created_at)),
    ...(looked || waiting
      ? [
          step(
            own.looking,
            looked,
            state === 'reviewing',
            ...(reviewing_at ? [day(reviewing_at), ' · '] : []),
            own.lookers,
          ),
        ]
      : []),
    step(last, !waiting, !waiting, ...(ended_at ? [day(ended_at)] : due)),
  ]
}
