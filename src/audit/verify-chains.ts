// The chains of an export's tenants as its rows pass: each tenant's numbers follow one another, and each row names the link of the one
// before. Held in bounded memory, whoever made the archive.
import { ArchiveError } from './archive-reader.ts'
import type { Entry } from './export-format.ts'
import type { Tell } from './failures.ts'

const GENESIS = '0'.repeat(64)
/** A number and a link of 64 characters, beside a tenant's name of two bytes a character at the most. */
const TENANT_BYTES = 256
/** Of all tenants together. */
export const MOST_TENANT_BYTES = 100_000_000

export type Chains = {
  /** Fault: ArchiveError (unchecked), where there are more tenants than can be held. */
  readonly follow: (entry: Entry, link: string, where: string) => void
}

/** `fromStart`: the range begins with the log. */
export function openChains(fromStart: boolean, tell: Tell): Chains {
  const chains = new Map<string, { sequence: bigint; link: string }>()
  let heldBytes = 0
  return {
    follow: ({ tenant, sequence: text, previous }, link, where) => {
      const sequence = BigInt(text)
      const known = chains.get(tenant)
      if (known === undefined) {
        heldBytes += TENANT_BYTES + 2 * tenant.length
        if (heldBytes > MOST_TENANT_BYTES)
          throw new ArchiveError(`${where}: these are more tenants than can be held in memory`, true)
      }
      const before = known ?? (fromStart || sequence === 1n ? { sequence: 0n, link: GENESIS } : null)
      if (before !== null && sequence !== before.sequence + 1n)
        tell(`${where}: sequence ${sequence} of tenant ${tenant} does not follow ${before.sequence}`)
      else if (before !== null && previous !== before.link)
        tell(`${where}: previous is not the link of sequence ${before.sequence} of tenant ${tenant}`)
      chains.set(tenant, { sequence, link })
    },
  }
}
