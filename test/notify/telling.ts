// A world whose moves are told to receivers on loopback: endpoints are opened, events are made by cancelling, and what is due is
// attempted once, when a test says so. The clock stands still but for `setClock`; `clear` begins each test anew.
import { sql as raw } from 'kysely'
import { claimDue, deliver, type WebhookTools } from '../../src/notify/deliver.ts'
import { createEndpoint, getEndpoint } from '../../src/notify/endpoints.ts'
import { listDeliveries } from '../../src/notify/history.ts'
import { cancelRequest } from '../../src/outcome.ts'
import { openWorld, queueRequest } from '../support/world.ts'
import { LOOPBACK } from './receiver.ts'

export const tools: WebhookTools = { key: Buffer.alloc(32, 3), resolve: async () => ['127.0.0.1'] }
export const never = new AbortController().signal

export async function openTelling() {
  const world = await openWorld({
    env: { ...LOOPBACK, DARKROOM_WEBHOOK_TIMEOUT_MS: '400', DARKROOM_WEBHOOK_POLL_MS: '50' },
  })
  const { ground } = world
  const { sql } = ground.database
  const tenantId = world.tenants[0].id
  const setClock = async (seconds: number) => {
    await raw`UPDATE darkroom.clock_offset SET by = ${seconds} * interval '1 second'`.execute(sql)
  }
  return {
    world,
    ground,
    tenantId,
    setClock,
    clear: async () => {
      await sql.deleteFrom('darkroom.webhook_endpoint').execute()
      await sql.deleteFrom('darkroom.webhook_message').execute()
      await setClock(0)
    },
    listen: (url: string, events = ['*'], of = tenantId) =>
      createEndpoint(ground, tools, { tenantId: of, keyId: null, personId: null }, { url, events, description: '' }),
    /** Cancels a fresh request of one image: one event. */
    cancelOne: async (tenant = world.tenants[0]) => {
      const { requestId } = await queueRequest(world, tenant)
      await cancelRequest(ground, tenant.id, requestId)
      return requestId
    },
    /** Attempts all that is due, once; answers how many. */
    deliverDue: async () => {
      const claims = await claimDue(ground, 100, 100)
      await Promise.all(claims.map((claimed) => deliver(ground, tools, claimed, never)))
      return claims.length
    },
    deliveriesOf: async (endpointId: string) =>
      (await listDeliveries(sql, endpointId, { limit: 100, after: null, state: null })).deliveries,
    endpointNow: (endpointId: string) => getEndpoint(sql, tenantId, endpointId),
    [Symbol.asyncDispose]: () => world[Symbol.asyncDispose](),
  }
}
