// Desks for the leads' pages: one with something of everything on it, and one whose decisions can be counted.

import { sql as raw } from 'kysely'
import { newId } from '../../src/kernel/ids.ts'
import type { Desk } from '../review/desk.ts'

const LATELY = new Date(Date.now() - 20 * 86_400_000)
export const sqlOf = (desk: Desk) => desk.service.ground.database.sql

/** Something of everything: late and due, held and kept, come and decided over two days, and one that nobody may have. */
export async function busy(desk: Desk): Promise<void> {
  const sql = sqlOf(desk)
  const made = []
  for (const kind of ['hold', 'hold', 'hold', 'hold', 'audit', 'report', 'gold'] as const)
    made.push(await desk.make(kind))
  made.push(await desk.makePromptAppeal())
  await raw`UPDATE darkroom.review_item SET created_at = darkroom.now() - severity * random() * interval '1 hour'
             WHERE state = 'open'`.execute(sql)
  await raw`UPDATE darkroom.review_item SET created_at = darkroom.now() - random() * interval '50 hours', verdicts = 1,
              closed_at = darkroom.now() - random() * interval '50 hours' WHERE state = 'closed'`.execute(sql)
  const [late, held, kept, nobodys, soon] = made.map(({ id }) => id)
  await raw`UPDATE darkroom.review_item SET deadline_at = darkroom.now() - interval '3 hours',
              created_at = darkroom.now() - interval '10 days' WHERE id = ${late}`.execute(sql)
  await raw`UPDATE darkroom.review_item SET deadline_at = darkroom.now() + interval '2 hours' WHERE id = ${soon}`.execute(
    sql,
  )
  await raw`UPDATE darkroom.review_item SET state = 'awaiting_reviewer' WHERE id = ${nobodys}`.execute(sql)
  await desk.hold('ada', held ?? '')
  await desk.as(`/v1/review/items/${kept}/assign`, 'lead', { body: { to: desk.id('bea') } })
}

/** So many held pictures of a category that two people judged blind, of which so many differently, and gold questions as answered. */
export async function judged(desk: Desk, count: number, apart: number): Promise<void> {
  const sql = sqlOf(desk)
  const { id } = await desk.make('hold')
  await raw`UPDATE darkroom.review_item SET state = 'closed', closed_at = darkroom.now(), verdicts = 2, overlap = true,
              ruling = '{"outcome":"deny"}' WHERE id = ${id}`.execute(sql)
  const { lease_hash: _hash, ...row } = await desk.row(id)
  const ids = [id]
  for (let more = 1; more < count; more++) {
    const copy = newId('rvw')
    ids.push(copy)
    await sql
      .insertInto('darkroom.review_item')
      .values({ ...row, id: copy, expected: null, ruling: JSON.stringify(row.ruling) })
      .execute()
  }
  const verdicts = ids.flatMap((item_id, index) =>
    ['ada', 'bea'].map((who, place) => {
      const allows = place === 1 && index < apart
      return {
        ...{
          id: newId('vrd'),
          item_id,
          person_id: desk.id(who),
          outcome: allows ? ('allow' as const) : ('deny' as const),
        },
        ...{ clause: allows ? null : 'violence/graphic/3', findings: '{}', blind: true, took_ms: 1 },
        // Long enough ago that nobody’s day was full of it.
        ...{ at: LATELY, counted_at: LATELY },
      }
    }),
  )
  await sql.insertInto('darkroom.review_verdict').values(verdicts).execute()
}
