// No picture is handed out before the log says that it was made: the leaf of its `marked` move, which pins the digest of its file, must
// lie in a tree that was signed. Where it does not yet, the stage waits in place and has the sequencer told that somebody waits. A
// log that stands still keeps pictures back and loses none.
import { setTimeout as sleep } from 'node:timers/promises'
import { sql as raw } from 'kysely'
import type { Sql } from '../kernel/database.ts'
import { Fault } from '../kernel/fault.ts'
import { type Ground, LOG_DUE_TOPIC, LOG_GROWN_TOPIC } from '../kernel/ground.ts'

/** Messages may be lost: the row is read this often too. */
const POLL_MS = 250

/**
 * Until a signed tree has the leaf. `stopping` ends the wait at once. Faults: log_behind (not within the time that is given; to be
 * tried again), cancelled (stopped).
 */
export async function awaitLogged(ground: Ground, imageId: string, stopping: AbortSignal): Promise<void> {
  const { database, bell, config } = ground
  const endAt = performance.now() + config.tasks.logWaitMs
  let grown = new AbortController()
  const deaf = bell.hear(LOG_GROWN_TOPIC, () => grown.abort())
  try {
    for (;;) {
      // Before the look: what is told from here on is not missed.
      grown = new AbortController()
      if (await isLogged(database.sql, imageId)) return
      if (stopping.aborted) throw new Fault('cancelled', { retry: 'now' })
      const leftMs = endAt - performance.now()
      if (leftMs <= 0) throw behind(imageId)
      bell.tell(LOG_DUE_TOPIC, {})
      await pause(Math.min(POLL_MS, leftMs), AbortSignal.any([grown.signal, stopping]))
    }
  } finally {
    deaf()
  }
}

/** Whether the newest `marked` move, of which a released picture has one, lies in the signed tree. */
async function isLogged(sql: Sql, imageId: string): Promise<boolean> {
  const { rows } = await raw<{ logged: boolean }>`
    SELECT log_index < (SELECT tree_size FROM darkroom.log) IS TRUE AS logged FROM darkroom.move
     WHERE subject_id = ${imageId} AND kind = 'image.marked' ORDER BY id DESC LIMIT 1`.execute(sql)
  const [move] = rows
  if (move === undefined) throw new TypeError('an image that is marked has a move that says so')
  return move.logged
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch((error: unknown) => {
    if (!signal.aborted) throw error
  })
}

function behind(imageId: string): Fault {
  return new Fault('log_behind', {
    retry: 'later',
    detail: 'the log does not grow: the picture waits until its leaf is in a signed tree',
    facts: { image: imageId },
  })
}
