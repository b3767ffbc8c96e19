// Places at costly work, such as taking in a picture, and how many of them one caller may hold: a place is held while a body arrives,
// however slowly, so whoever took them all would keep everybody else out. A place is given back once.
import { Fault } from '../kernel/fault.ts'

const RETRY_MS = 1000

/**
 * Takes one of `places` for `who` and answers the function that gives it back. One caller holds half of them at most.
 * Faults: busy (all are taken), rate_limited (the caller has its half).
 */
export function openShares(places: number): (who: string) => () => void {
  const most = Math.ceil(places / 2)
  const held = new Map<string, number>()
  let taken = 0
  return (who) => {
    const own = held.get(who) ?? 0
    const facts = { retryAfterMs: RETRY_MS }
    if (taken >= places)
      throw new Fault('busy', { retry: 'later', facts, detail: 'too many pictures are being taken in; try again' })
    if (own >= most)
      throw new Fault('rate_limited', { retry: 'later', facts, detail: `send ${most} pictures at once, no more` })
    taken++
    held.set(who, own + 1)
    let here = true
    return () => {
      if (!here) return
      here = false
      taken--
      const left = (held.get(who) ?? 1) - 1
      if (left > 0) held.set(who, left)
      else held.delete(who)
    }
  }
}
