// What this tab holds: items with the tokens of their claims. A token is this tab's alone; it is kept for the tab, so that a reload
// goes on where it was. Claims are renewed while somebody is at work here, and else run out by themselves.

import type { ItemView } from '../../../review/view.ts'
import { call, Problem, post } from '../api.ts'

export type Claimed = { item: ItemView; lease: { token: string; until: string } }

const KEY = 'darkroom.claims'
const RENEW_EVERY_MS = 60_000
/** Nobody touched the page for this long: nobody is at work. */
const IDLE_MS = 300_000

export const addressOf = (id: string, act = '') => `/v1/review/items/${id}${act && `/${act}`}`

/** The next item of a lane, or of all; null when nothing waits that this person may have. */
export const claimNext = (lane: string) => post<Claimed | null>('/v1/review/next', lane === '' ? {} : { lane })

export const claimAgain = (id: string) => post<Claimed>(addressOf(id, 'claim'), {})

export const read = (id: string) => call<ItemView>(addressOf(id))

/** Gives an item back, for anybody; also while the page goes away. Nobody waits for it: at worst the claim runs out. */
export const giveBack = ({ item, lease }: Claimed) =>
  fetch(addressOf(item.id, 'release'), {
    method: 'POST',
    keepalive: true,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ lease: lease.token }),
  }).catch(() => undefined)

/** Says that the item is looked at now, and keeps it for longer. */
export async function open({ item, lease }: Claimed, opened = true): Promise<void> {
  const renewed = await post<{ lease: { until: string } }>(addressOf(item.id, 'renew'), { lease: lease.token, opened })
  lease.until = renewed.lease.until
}

export const remember = (claims: readonly Claimed[]) =>
  sessionStorage.setItem(KEY, JSON.stringify(claims.map(({ item, lease }) => [item.id, lease.token])))

/** What this tab held before it was loaded again, as far as it still does. */
export async function recall(): Promise<Claimed[]> {
  const held: [string, string][] = JSON.parse(sessionStorage.getItem(KEY) ?? '[]')
  const claims: Claimed[] = []
  for (const [id, token] of held) {
    try {
      const renewed = await post<{ lease: { until: string } }>(addressOf(id, 'renew'), { lease: token })
      claims.push({ item: await read(id), lease: { token, until: renewed.lease.until } })
    } catch (cause) {
      // It ran out or was decided meanwhile: then it is not this tab's any more.
      if (!(cause instanceof Problem) || cause.status === 0) throw cause
    }
  }
  return claims
}

/** Renews what is held while somebody is at work; tells of what was lost. */
export function keepHolding(held: () => readonly Claimed[], lost: (claimed: Claimed, problem: Problem) => void): void {
  let touched = Date.now()
  for (const kind of ['keydown', 'pointerdown', 'pointermove'])
    addEventListener(kind, () => (touched = Date.now()), { passive: true })
  setInterval(() => {
    if (Date.now() - touched > IDLE_MS) return
    for (const claimed of held())
      open(claimed, false).catch((cause) => {
        if (cause instanceof Problem && cause.status === 409 && held().includes(claimed)) lost(claimed, cause)
      })
  }, RENEW_EVERY_MS)
}
