// A connection to addresses that were looked at, and no others: whatever a name leads to by then.
import type { LookupFunction } from 'node:net'
import type { PinnedAddress } from './address.ts'

/** Answers every question of the connection with the addresses that were checked. */
export function lookupOf(pinned: readonly PinnedAddress[]): LookupFunction {
  return (_host, options, callback) => {
    const first = pinned[0]
    if (options.all === true) callback(null, [...pinned])
    else if (first === undefined) callback(new Error('there is no pinned address'), '', 4)
    else callback(null, first.address, first.family)
  }
}

/** What cannot be interrupted by itself, until `signal` aborts. */
export async function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted()
  const { promise, reject } = Promise.withResolvers<never>()
  const abort = () => reject(signal.reason)
  signal.addEventListener('abort', abort, { once: true })
  return Promise.race([work, promise]).finally(() => signal.removeEventListener('abort', abort))
}
