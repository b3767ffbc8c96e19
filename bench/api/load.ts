// The process that loads: HTTP requests by fetch over connections that are kept alive, or BullMQ's bare `add`; so many at once, so
// many in all, each timed. Both sides of the comparison so pay for a client of the same kind.
import { Queue } from 'bullmq'
import { answerParent, cpuMs } from './child.ts'

export type Shot = { method: 'GET' | 'POST'; path: string; headers?: Record<string, string>; body?: string }

export type LoadCommand = { count: number; atOnce: number } & (
  | { kind: 'http'; origin: string; headers: Record<string, string>; shots: Shot[] }
  | { kind: 'add'; redisUrl: string }
)

export type Loaded = {
  wallMs: number
  /** Processor time of the client. */
  cpuMs: number
  latenciesMs: number[]
  /** How many had each HTTP status. */
  statuses: Record<string, number>
}

const JOB = { attempts: 1, removeOnComplete: true, removeOnFail: true } as const
let queue: Queue | null = null
let jobs = 0

answerParent(async (command: LoadCommand): Promise<Loaded> => {
  const statuses: Record<string, number> = {}
  if (command.kind === 'http') {
    const { origin, headers, shots } = command
    return repeat(command, statuses, async (index) => {
      const shot = shots[index % shots.length]
      if (shot === undefined) throw new TypeError('nothing to send')
      const { method, path, body = null } = shot
      const answer = await fetch(`${origin}${path}`, { method, headers: { ...headers, ...shot.headers }, body })
      await answer.arrayBuffer()
      statuses[answer.status] = (statuses[answer.status] ?? 0) + 1
    })
  }
  queue ??= await openQueue(command.redisUrl)
  const adding = queue
  const loaded = await repeat(command, statuses, async () => {
    const id = `bench-${jobs++}`
    await adding.add('publish', { taskId: id }, { ...JOB, jobId: id })
  })
  await adding.drain()
  return loaded
})

async function openQueue(redisUrl: string): Promise<Queue> {
  const { hostname, port } = new URL(redisUrl)
  const opened = new Queue('bench', { connection: { host: hostname, port: Number(port) }, prefix: 'bench' })
  await opened.waitUntilReady()
  return opened
}

async function repeat(
  { count, atOnce }: LoadCommand,
  statuses: Record<string, number>,
  work: (index: number) => Promise<void>,
): Promise<Loaded> {
  const latenciesMs: number[] = []
  const [begun, used] = [performance.now(), cpuMs()]
  let next = 0
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      while (next < count) {
        const index = next++
        const sent = performance.now()
        await work(index)
        latenciesMs.push(performance.now() - sent)
      }
    }),
  )
  return { wallMs: performance.now() - begun, cpuMs: cpuMs() - used, latenciesMs, statuses }
}
