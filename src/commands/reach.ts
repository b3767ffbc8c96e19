// Finds the service that a command should speak to: the one named, the one that answers at the configured address, or one started
// in this process on the same data and stopped afterwards.
import type { Config } from '../kernel/config.ts'
import { Fault, isFault } from '../kernel/fault.ts'
import { startService } from './service.ts'

export type Reached = { url: string } & AsyncDisposable

export async function reachService(config: Config, named: string | undefined): Promise<Reached> {
  const asked = named ?? process.env.DARKROOM_URL
  const host = config.host.includes(':') ? `[${config.host}]` : config.host
  const url = asked ?? `http://${host}:${config.port}`
  if (await isServing(url)) return { url, [Symbol.asyncDispose]: async () => undefined }
  if (asked !== undefined)
    throw new Fault('not_found', { field: '--url', detail: `no Darkroom service answers at ${asked}` })
  return startService({ ...config, port: 0, logLevel: 'error' }).catch((cause: unknown) => {
    if (!isFault(cause, 'home_locked')) throw cause
    throw new Fault('not_found', {
      field: '--url',
      detail: `no service answers at ${url}, yet one is using ${config.home}: name its address by PORT, DARKROOM_URL or --url`,
    })
  })
}

async function isServing(base: string): Promise<boolean> {
  try {
    return (await fetch(new URL('/healthz', base), { signal: AbortSignal.timeout(1000) })).ok
  } catch {
    return false
  }
}
