// One process at a time on a data directory: an exclusive SQLite transaction, which the kernel of the operating system
// drops when the process dies, kill -9 included. A pid file would fail in containers, where everybody is pid 1.
import { accessSync, constants, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Fault } from './fault.ts'

/** Creates `home` if needed and holds it until disposed. Faults: home_unwritable, home_locked. */
export function lockHome(home: string): Disposable {
  try {
    mkdirSync(home, { recursive: true, mode: 0o700 })
    accessSync(home, constants.W_OK | constants.X_OK)
  } catch (cause) {
    throw new Fault('home_unwritable', {
      field: 'DARKROOM_HOME',
      detail: `cannot write to the data directory ${home}`,
      cause,
    })
  }
  const lock = new DatabaseSync(join(home, 'lock.sqlite'), { timeout: 0 })
  try {
    lock.exec('BEGIN EXCLUSIVE')
  } catch (cause) {
    lock.close()
    throw new Fault('home_locked', {
      field: 'DARKROOM_HOME',
      detail: `another Darkroom process is using ${home}; stop it, or set DARKROOM_HOME to another directory`,
      cause,
    })
  }
  return { [Symbol.dispose]: () => lock.close() }
}
