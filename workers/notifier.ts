// The notifier, part of the finish role: delivers webhooks that are due, many at once and few to one endpoint. It looks each poll, and
// at once when it is told. On a drain the attempts under way get a moment to end; what is left is given back.
import { setTimeout as wait } from 'node:timers/promises'
import type { Ground } from '../src/kernel/ground.ts'
import { WEBHOOK_TOPIC } from '../src/kernel/outbox.ts'
import { claimDue, deliver, type WebhookTools } from '../src/notify/deliver.ts'
import { repeat } from './repeat.ts'

const DRAIN_MS = 5000

export function startNotifier(ground: Ground, tools: WebhookTools): AsyncDisposable {
  const { concurrency, pollMs } = ground.config.webhooks
  /** Attempts under way, and whether each is to an endpoint that was failing. */
  const flying = new Map<Promise<void>, boolean>()
  const stopping = new AbortController()
  const loop = repeat(ground.log, 'webhooks', pollMs, async () => {
    const failing = [...flying.values()].filter(Boolean).length
    const claims = await claimDue(ground, concurrency - flying.size, Math.ceil(concurrency / 2) - failing)
    for (const claimed of claims) {
      const flight = deliver(ground, tools, claimed, stopping.signal)
        .catch((error: unknown) =>
          ground.log.error({ error, delivery: claimed.deliveryId }, 'a webhook attempt could not be recorded'),
        )
        .finally(() => {
          flying.delete(flight)
          loop.soon()
        })
      flying.set(flight, claimed.failing)
    }
  })
  const unhear = ground.bell.hear(WEBHOOK_TOPIC, loop.soon)
  return {
    [Symbol.asyncDispose]: async () => {
      unhear()
      await loop.stop()
      const settled = Promise.all(flying.keys())
      const late = new AbortController()
      await Promise.race([settled, wait(DRAIN_MS, undefined, { signal: late.signal }).catch(() => undefined)])
      late.abort()
      stopping.abort()
      await settled
    },
  }
}
