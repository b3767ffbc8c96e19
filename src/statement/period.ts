// A period of statements, and what counts as one: rehearsals in the sandbox restrict nobody.
import { type RawBuilder, sql as raw } from 'kysely'
import { Fault } from '../kernel/fault.ts'

/** From inclusive, to exclusive. */
export type Period = { readonly from: Date; readonly to: Date }

/** Fault: invalid_request. */
export function checkPeriod({ from, to }: Period): Period {
  if (from.getTime() < to.getTime()) return { from, to }
  throw new Fault('invalid_request', { field: 'to', detail: 'to is not after from' })
}

/** Statements of a period as `statement`, each with whether its request was a rehearsal. */
export function statementsIn({ from, to }: Period): RawBuilder<unknown> {
  return raw`(
    SELECT one.*, request.sandbox IS NOT NULL AS rehearsed
      FROM darkroom.statement AS one
      LEFT JOIN darkroom.image AS image ON image.id = one.subject_id
      LEFT JOIN darkroom.request AS request ON request.id = coalesce(image.request_id, one.subject_id)
     WHERE one.created_at >= ${from} AND one.created_at < ${to}) AS statement`
}
