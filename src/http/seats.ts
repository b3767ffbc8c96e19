// Who may listen: so many streams in all, so many of one tenant, in this process. A seat is given back once, whoever does it.
import { Fault } from '../kernel/fault.ts'

export type Seats = { take: (tenantId: string) => () => void; readonly taken: number }

const RETRY_MS = 5000

/** Faults: rate_limited (the tenant's own share is taken), overloaded (everybody's is). */
export function openSeats(limits: { listeners: number; listenersPerTenant: number }): Seats {
  const byTenant = new Map<string, number>()
  let taken = 0
  return {
    get taken() {
      return taken
    },
    take: (tenantId) => {
      const own = byTenant.get(tenantId) ?? 0
      if (own >= limits.listenersPerTenant)
        throw new Fault('rate_limited', {
          retry: 'later',
          facts: { retryAfterMs: RETRY_MS },
          detail: `this tenant already follows ${own} generations here; close a stream first, or poll`,
        })
      if (taken >= limits.listeners)
        throw new Fault('overloaded', {
          retry: 'later',
          facts: { retryAfterMs: RETRY_MS },
          detail: 'too many streams are open; poll, or come back',
        })
      byTenant.set(tenantId, own + 1)
      taken++
      let held = true
      return () => {
        if (!held) return
        held = false
        taken--
        const left = (byTenant.get(tenantId) ?? 1) - 1
        if (left > 0) byTenant.set(tenantId, left)
        else byTenant.delete(tenantId)
      }
    },
  }
}
