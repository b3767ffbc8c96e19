// Start-time fair queueing over tenants (Goyal, Vin, Cheng 1996): the next request is the one with the smallest start tag.
//   start = max(virtual time, the tenant's last finish tag); finish = start + cost / weight; virtual time = start.
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

/** Forgets tenants whose tag the virtual time has passed: they would start at the virtual time anyway. */
export function forgetIdle(state: FairState): FairState {
  const finishTags = new Map([...state.finishTags].filter(([, tag]) => tag > state.virtualTime))
  return { virtualTime: state.virtualTime, finishTags }
}

/** Device work of a request, the unit of cost: steps × pixels × images, in millions. */
export function costOf(order: { steps: number; width: number; height: number; n: number }): number {
  return (order.steps * order.width * order.height * order.n) / 1e6
}
