// Makes a request a restricted case, as a report by the public does that names such a category: its item is the restricted team's.
import { sql as raw } from 'kysely'
import type { Sql } from '../../src/kernel/database.ts'
import { newId } from '../../src/kernel/ids.ts'

export async function restrict(sql: Sql, requestId: string, imageId: string): Promise<void> {
  const { tenant_id } = await sql
    .selectFrom('darkroom.request')
    .select('tenant_id')
    .where('id', '=', requestId)
    .executeTakeFirstOrThrow()
  const soon = raw<Date>`darkroom.now() + interval '1 hour'`
  await sql
    .insertInto('darkroom.review_item')
    .values({
      id: newId('rvw'),
      tenant_id,
      kind: 'report',
      request_id: requestId,
      image_id: imageId,
      restricted: true,
      severity: 10,
      needs: 1,
      rank_at: soon,
      deadline_at: soon,
    })
    .execute()
}
