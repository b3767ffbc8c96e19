// The public check of pictures: whether one may be named by its address, where such an address may lead, and how long what people say
// of an answer is kept; and how many released pictures are looked at again. Nothing private is reached unless the operator names it here.
import ipaddr from 'ipaddr.js'
import type { Reader } from './reader.ts'

const PORTS = [80, 443]

export function readProvenance(reader: Reader) {
  const { integer, list, choice, problems } = reader
  const allowCidrs = list('DARKROOM_VERIFY_URL_ALLOW_CIDRS')
  for (const one of allowCidrs)
    if (!ipaddr.isValidCIDR(one)) problems.push(`DARKROOM_VERIFY_URL_ALLOW_CIDRS: ${one} is not an address range`)
  return {
    urls: choice('DARKROOM_VERIFY_URLS', 'on', ['on', 'off']),
    fetch: {
      allowCidrs,
      ports: readPorts(reader),
      /** For one address as a whole: names, connections, redirects, the picture. */
      timeoutMs: integer('DARKROOM_VERIFY_URL_TIMEOUT_MS', 10_000, 100, 60_000),
    },
    /** Of released pictures, for the whole deployment; 0: none. */
    rechecksPerHour: integer('DARKROOM_RECHECKS_PER_HOUR', 4, 0, 3600),
    feedbackDays: integer('DARKROOM_FEEDBACK_KEEP_DAYS', 90, 1, 3650),
  }
}

function readPorts({ list, problems }: Reader): number[] {
  const ports = list('DARKROOM_VERIFY_URL_PORTS').map((text) => {
    const port = /^\d{1,5}$/.test(text) ? Number(text) : 0
    if (port < 1 || port > 65_535) problems.push(`DARKROOM_VERIFY_URL_PORTS: ${text} is not a port`)
    return port
  })
  return ports.length === 0 ? PORTS : ports
}
