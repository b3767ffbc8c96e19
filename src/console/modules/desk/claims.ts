// What this tab holds: items with the tokens of their claims, which are this tab's alone. When the tab goes all is given back, and a
// reload claims it anew, so that nothing waits for nobody. Claims are renewed while somebody is at work here, and else run out.

import type { ItemView } from '../../../review/view.ts'
import { call, Problem, post } from '../api.ts'

export type Claimed = { item: ItemView; lease: { token: string; until: string } }

const KEY = 'darkroom.claims'
const ASKED = 'darkroom.asked'
const RENEW_EVERY_MS = 60_000
/** Nobody touched the page for this long: nobody is at work. */
const IDLE_MS = 300_000

export const addressOf = (id: string, act = '') => `/v1/review/items/${id}${act && `/${act}`}`

/**
 * The next item of a lane, or of all; null when nothing waits that this person may have. What was asked for and never heard of, because
 * the page was loaded again or the line dropped, is asked for once more by its token: else it would wait for nobody.
 */
export async function claimNext(lane: string): Promise<Claimed | null> {
  const token = unheard(lane) ?? newToken()
  sessionStorage.setItem(ASKED, JSON.stringify([lane, token]))
  inFlight.add(token)
  try {
    const claimed = await post<Claimed | null>('/v1/review/next', lane === '' ? { token } : { lane, token })
    forget(token)
    return claimed
  } finally {
    inFlight.delete(token)
  }
}

const inFlight = new Set<string>()

function unheard(lane: string): string | null {
  const [of, token]: [string?, string?] = JSON.parse(sessionStorage.getItem(ASKED) ?? '[]')
  return token === undefined || of !== lane || inFlight.has(token) ? null : token
}

function forget(token: string): void {
  if (sessionStorage.getItem(ASKED)?.includes(token)) sessionStorage.removeItem(ASKED)
}

function newToken(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(24))
  return btoa(String.fromCharCode(...bytes))
    .replace(/\+/g, '-')
    .replace(/\//g, '_')
}

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

/** Ids alone: what this tab held is given back when it goes, and claimed anew when it comes again. */
export const remember = (claims: readonly Claimed[]) =>
  sessionStorage.setItem(KEY, JSON.stringify(claims.map(({ item }) => [item.id, item.lane])))

/** What this tab held of a lane before it was loaded again, as far as it still can be had. */
export async function recall(lane: string): Promise<Claimed[]> {
  const held: [string, string][] = JSON.parse(sessionStorage.getItem(KEY) ?? '[]')
  const claims: Claimed[] = []
  for (const [id, of] of held) {
    if (lane !== '' && lane !== of) continue
    try {
      claims.push(await claimAgain(id))
    } catch (cause) {
      // Somebody else has it, or it was decided: then it is not this tab's any more.
      if (!(cause instanceof Problem && [403, 404, 409].includes(cause.status))) throw cause
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
