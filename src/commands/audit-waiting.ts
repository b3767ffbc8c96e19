// What an export waits for, for whoever has no terminal to see it move: said when it has waited for a while, and then now and then for as
// long as the log stands still.
const FIRST_MS = 10_000
const AGAIN_MS = 60_000

type Waiting = { readonly isDue: (waits: boolean) => boolean }

/** `nowMs`: of a clock that never goes back. */
export function openWaiting(nowMs: () => number): Waiting {
  let dueMs: number | null = null
  return {
    isDue: (waits) => {
      if (!waits) {
        dueMs = null
        return false
      }
      const now = nowMs()
      dueMs ??= now + FIRST_MS
      if (now < dueMs) return false
      dueMs = now + AGAIN_MS
      return true
    },
  }
}

/** `health`: what `GET /v1/audit/log` answers; `to`: the end of the period. */
export function waitingFor(health: object, to: string): string {
  const { moves, oldest_seconds: seconds } = Object(Reflect.get(health, 'unsigned'))
  const lag =
    Number(moves) > 0
      ? `${moves} moves are in no signed tree, the oldest for ${Math.round(Number(seconds))} s`
      : 'no move waits'
  const { size, at } = Object(Reflect.get(health, 'tree'))
  const tree = Number(size) > 0 ? `its tree has ${size} leaves, signed at ${at}` : 'its tree is empty'
  return `waits until the log has every move before ${to}; ${tree}, and ${lag}`
}
