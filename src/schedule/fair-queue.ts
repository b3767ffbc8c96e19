// Start-time fair queueing over tenants (Goyal, Vin, Cheng 1996): the next request is the one with the smallest start tag.
//   start = max(virtual time, the tenant's last finish tag); finish = start + cost / weight; virtual time = start.
// Work is charged by its estimate when it starts and corrected by its measure when it ends.
// An idle tenant comes back at the virtual time, so it neither saves up nor owes. Pure: state in, state out.

export type FairState = { virtualTime: number; finishTags: ReadonlyMap<string, number> }

/** The head of one tenant's line. `cost` in device work, `weight` above 0. */
export type Head = { tenantId: string; taskId: string; cost: number; weight: number }

export type Dispatch = { head: Head; state: FairState }

export function startTag(state: FairState, tenantId: string): number {
  return Math.max(state.virtualTime, state.finishTags.get(tenantId) ?? 0)
}

/** Chooses among the heads of the tenants' lines and charges the winner; null when there is none. Ties go to the older task. */
export function dispatchNext(state: FairState, heads: readonly Head[]): Dispatch | null {
  let best: { head: Head; start: number } | null = null
  for (const head of heads) {
    const start = startTag(state, head.tenantId)
    if (best === null || start < best.start || (start === best.start && head.taskId < best.head.taskId))
      best = { head, start }
  }
  if (best === null) return null
  const finishTags = new Map(state.finishTags)
  finishTags.set(best.head.tenantId, best.start + best.head.cost / best.head.weight)
  return { head: best.head, state: { virtualTime: best.start, finishTags } }
}

/**
 * Corrects what was charged by an estimate, once the work is measured: `cost` more (or, below 0, less) than the estimate. What
 * comes next of the tenant's starts later or sooner by as much; nobody gets ahead of the virtual time.
 */
export function correct(state: FairState, { tenantId, cost, weight }: Omit<Head, 'taskId'>): FairState {
  const tag = state.finishTags.get(tenantId) ?? state.virtualTime
  return { ...state, finishTags: new Map(state.finishTags).set(tenantId, tag + cost / weight) }
}

/**
 * Forgets tenants whose tag the virtual time has passed, for they would start at the virtual time anyway; not those with work in
 * hand, whose tags may still be corrected.
 */
export function forgetIdle(state: FairState, inHand: ReadonlySet<string> = new Set()): FairState {
  const kept = [...state.finishTags].filter(([tenantId, tag]) => tag > state.virtualTime || inHand.has(tenantId))
  const finishTags = new Map(kept)
  return { virtualTime: state.virtualTime, finishTags }
}

/** Device work of a request, the unit of cost: steps × pixels × images, in millions. */
export function costOf(order: { steps: number; width: number; height: number; n: number }): number {
  return (order.steps * order.width * order.height * order.n) / 1e6
}
