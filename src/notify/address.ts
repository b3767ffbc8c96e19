// Where a webhook may go. A tenant chooses the address and this machine opens the connection, so the address must be public: checked
// when an endpoint is made, and again before each connection, on the very addresses that are then dialled (a name is resolved
// once). One forbidden address among several forbids them all.
import { Resolver } from 'node:dns/promises'
import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'
import type { Config } from '../kernel/config.ts'

export type WebhookPolicy = Pick<Config['webhooks'], 'allowCidrs' | 'httpHosts' | 'ports'>
export type PinnedAddress = { address: string; family: 4 | 6 }

/** Addresses of a host name. Throws when there are none. */
export type Resolve = (host: string, timeoutMs: number) => Promise<readonly string[]>

export type AddressRefusal = 'url_refused' | 'address_refused' | 'dns_failed'

const MAX_URL_CHARACTERS = 2048
/** 2000::/3: all that is routed on the public internet today. */
const GLOBAL_IPV6 = ipaddr.parseCIDR('2000::/3')

/** The URL, or why it may not be called: a sentence for whoever wrote it. Looks at the text alone. */
export function checkUrl(text: string, { httpHosts, ports }: WebhookPolicy): URL | string {
  if (text.length > MAX_URL_CHARACTERS) return `url has more than ${MAX_URL_CHARACTERS} characters`
  if (!URL.canParse(text)) return 'url is not an absolute URL'
  const url = new URL(text)
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return 'url must start with https://'
  if (url.username !== '' || url.password !== '') return 'url must not carry a user name or a password'
  if (url.hash !== '' || text.includes('#')) return 'url must not have a fragment'
  if (url.protocol === 'http:' && !httpHosts.includes(url.hostname)) return 'url must start with https://'
  const port = portOf(url)
  if (!ports.some(([first, last]) => port >= first && port <= last)) return `port ${port} is not allowed for webhooks`
  return url
}

export function portOf(url: URL): number {
  return url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port)
}

/** Resolves a checked URL's host, once, to the addresses that may be dialled. */
export async function pinAddresses(
  url: URL,
  policy: { readonly allowCidrs: readonly string[] },
  resolve: Resolve,
  timeoutMs: number,
): Promise<readonly PinnedAddress[] | AddressRefusal> {
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1')
  const literal = isIP(host) !== 0
  const found = literal ? [host] : await resolve(host, timeoutMs).catch(() => [])
  if (found.length === 0) return 'dns_failed'
  if (!found.every((address) => isAllowed(address, policy.allowCidrs))) return 'address_refused'
  return found.map((address) => ({ address, family: isIP(address) === 6 ? 6 : 4 }))
}

/** Whether an address is public unicast, or one that the operator allows. Whatever embeds another address (mapped, NAT64, 6to4, Teredo) is not. */
export function isAllowed(text: string, allowCidrs: readonly string[]): boolean {
  if (isIP(text) === 0 || text.includes('%')) return false
  const address = ipaddr.parse(text)
  if (allowCidrs.some((cidr) => isWithin(address, cidr))) return true
  if (address.range() !== 'unicast') return false
  return address.kind() === 'ipv4' || address.match(GLOBAL_IPV6)
}

function isWithin(address: ipaddr.IPv4 | ipaddr.IPv6, cidr: string): boolean {
  const range = ipaddr.parseCIDR(cidr)
  return range[0].kind() === address.kind() && address.match(range)
}

/**
 * Asks the name servers itself rather than getaddrinfo, whose four threads a tenant's slow name server could keep from the file
 * system. It does not read /etc/hosts; `localhost` is 127.0.0.1 (RFC 6761), which only an operator's range allows.
 */
export const resolveByDns: Resolve = async (host, timeoutMs) => {
  if (host === 'localhost' || host.endsWith('.localhost')) return ['127.0.0.1']
  const resolver = new Resolver({ timeout: Math.max(1, Math.floor(timeoutMs / 2)), tries: 2 })
  const timer = setTimeout(() => resolver.cancel(), timeoutMs)
  try {
    const answers = await Promise.allSettled([resolver.resolve4(host), resolver.resolve6(host)])
    const found = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []))
    if (found.length === 0) throw new Error('the name has no address')
    return found
  } finally {
    clearTimeout(timer)
  }
}
