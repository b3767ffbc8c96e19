// How long the signer's certificates still hold: told in the log from thirty days before the end on, once a day, and to Prometheus at any
// time. What is signed after the end fails (the C2PA library refuses it), so nobody should learn of it from that.
import type { Log } from '../kernel/log.ts'
import { tellSignerExpiry } from '../kernel/meters.ts'
import type { Signer } from './signer.ts'
import { endOf } from './signers/certificates.ts'

const WARNED_DAYS = 30

const DAY_MS = 86_400_000
/** Tells now and each day. */
export function watchExpiry({ chainPem, kind }: Pick<Signer, 'chainPem' | 'kind'>, log: Log): Disposable {
  const end = endOf(chainPem)
  const tell = () => {
    const days = Math.floor((end.getTime() - Date.now()) / DAY_MS)
    const fields = { signer: kind, expiresAt: end.toISOString(), days }
    if (days < 0)
      log.error(fields, "the signer's certificate is over: nothing can be signed, so no picture is released")
    else if (days <= WARNED_DAYS)
      log.error(fields, "the signer's certificate is over soon; then no picture is released")
  }
  tell()
  tellSignerExpiry(kind, end)
  const timer = setInterval(tell, DAY_MS).unref()
  return { [Symbol.dispose]: () => clearInterval(timer) }
}
