// A device says that it is alive and how much it takes at once, in a row that it renews; the dispatcher hands out the sum of what
// live devices offer, and backlog.ts divides by them. One that dies or hangs is not counted after DEVICE_STALE_MS; what it held is
// claimed by another when its lease runs out.
import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { sql as raw } from 'kysely'
import type { Ground } from '../kernel/ground.ts'
import { DEVICE_STALE_MS } from './backlog.ts'

export type Announcement = {
  /** Generate tasks in its hands at once: the one that it renders and those that wait at its door. */
  slots: number
  provider: string
  pool?: string
}

const RENEW_MS = 5000
/** Rows of devices that never said goodbye are removed after so many times the silence that makes them stale. */
const FORGOTTEN_AFTER = 100

/** Announces a device until disposed of. A beat that fails is logged; the next one makes it good. */
export function announceDevice(
  { database, log }: Pick<Ground, 'database' | 'log'>,
  { slots, provider, pool = 'default' }: Announcement,
): AsyncDisposable {
  const id = randomUUID()
  const holder = `${hostname()}/${process.pid}`
  const beat = async () => {
    await raw`
      INSERT INTO darkroom.device (id, pool, holder, slots, provider, name, seen_at)
      VALUES (${id}, ${pool}, ${holder}, ${slots}, ${provider}, ${`${provider}@${hostname()}`}, darkroom.now())
      ON CONFLICT (id) DO UPDATE SET seen_at = EXCLUDED.seen_at`.execute(database.sql)
    await raw`
      DELETE FROM darkroom.device
       WHERE seen_at < darkroom.now() - ${DEVICE_STALE_MS * FORGOTTEN_AFTER} * interval '1 millisecond'`.execute(
      database.sql,
    )
  }
  const say = () => beat().catch((error: unknown) => log.error({ error }, 'a device could not say that it is alive'))
  let saying = true
  const once = () =>
    say().finally(() => {
      saying = false
    })
  let last = once()
  const timer = setInterval(() => {
    if (saying) return
    saying = true
    last = once()
  }, RENEW_MS)
  return {
    [Symbol.asyncDispose]: async () => {
      clearInterval(timer)
      await last
      await database.sql.deleteFrom('darkroom.device').where('id', '=', id).execute()
    },
  }
}
