// How many may listen in this process, whoever they are. A tenant's own share is its plan's (limits.ts). A seat is given back once.
// When all are taken the next is told to come later, and nobody who listens is sent away for them.
import { Fault } from '../kernel/fault.ts'

const RETRY_MS = 5000

/** Takes a seat and answers the function that gives it back. Fault: overloaded, when all are taken. */
export function openSeats(seats: number): () => () => void {
  let taken = 0
  return () => {
    if (taken >= seats)
      throw new Fault('overloaded', {
        retry: 'later',
        facts: { retryAfterMs: RETRY_MS },
        detail: 'too many streams are open; poll, or come back',
      })
    taken++
    let held = true
    return () => {
      if (held) taken--
      held = false
    }
  }
}
