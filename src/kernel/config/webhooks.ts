// Webhooks: how often and how long a delivery is tried, how much is tried at once, and which addresses it may reach.
// Nothing private is reachable, over nothing but https, unless the operator names it here.
import ipaddr from 'ipaddr.js'
import type { Reader } from './reader.ts'

const PORTS = [443, 80, 8443]
const HOST = /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$|^\[[0-9a-f:.]+\]$/

export function readWebhooks(reader: Reader) {
  const { integer, list, problems } = reader
  const allowCidrs = list('DARKROOM_WEBHOOK_ALLOW_CIDRS')
  for (const one of allowCidrs)
    if (!ipaddr.isValidCIDR(one)) problems.push(`DARKROOM_WEBHOOK_ALLOW_CIDRS: ${one} is not an address range`)
  const httpHosts = list('DARKROOM_WEBHOOK_HTTP_HOSTS').map((host) => host.toLowerCase())
  for (const one of httpHosts)
    if (!HOST.test(one)) problems.push(`DARKROOM_WEBHOOK_HTTP_HOSTS: ${one} is not a host, without port or scheme`)
  return {
    /** How long a delivery is tried before it is given up. */
    retryHours: integer('DARKROOM_WEBHOOK_RETRY_HOURS', 24, 1, 168),
    /** For one attempt as a whole: name, connection, redirects, answer. */
    timeoutMs: integer('DARKROOM_WEBHOOK_TIMEOUT_MS', 15_000, 100, 60_000),
    pollMs: integer('DARKROOM_WEBHOOK_POLL_MS', 1000, 50, 60_000),
    /** Attempts at once in one process. */
    concurrency: integer('DARKROOM_WEBHOOK_CONCURRENCY', 32, 1, 1024),
    /** Attempts at once to one endpoint, in all processes together. */
    perEndpoint: integer('DARKROOM_WEBHOOK_CONCURRENCY_PER_ENDPOINT', 4, 1, 64),
    endpointsPerTenant: integer('DARKROOM_WEBHOOK_ENDPOINTS_PER_TENANT', 10, 1, 100),
    /** An endpoint where every attempt failed for so long is disabled. */
    disableDays: integer('DARKROOM_WEBHOOK_DISABLE_DAYS', 5, 1, 90),
    /** Messages that wait for nobody are kept so long for replay. */
    keepDays: integer('DARKROOM_WEBHOOK_KEEP_DAYS', 30, 1, 365),
    allowCidrs,
    /** Hosts that may be reached over http. */
    httpHosts,
    ports: [...PORTS.map((port) => [port, port] as const), ...readPorts(reader)],
  }
}

/** Ports beside the usual ones: `9443` or `9000-9100`. */
function readPorts({ list, problems }: Reader): (readonly [number, number])[] {
  return list('DARKROOM_WEBHOOK_PORTS').map((text) => {
    const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text)
    const first = Number(match?.[1] ?? 0)
    const last = Number(match?.[2] ?? first)
    if (first < 1 || last > 65_535 || first > last)
      problems.push(`DARKROOM_WEBHOOK_PORTS: ${text} is not a port or a range of ports`)
    return [first, last] as const
  })
}
