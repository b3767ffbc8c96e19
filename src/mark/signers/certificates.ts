// Certificates in PEM, as operators hand them in: read whole or refused by the variable that names them, before anything relies on them.
import { type KeyObject, X509Certificate } from 'node:crypto'
import { Fault } from '../../kernel/fault.ts'

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g

/** One or more. Fault: config_invalid, naming `field`, which never quotes the text. */
export function certificatesIn(pem: string, field: string): X509Certificate[] {
  const found = pem.match(CERTIFICATE) ?? []
  try {
    if (found.length > 0) return found.map((one) => new X509Certificate(one))
  } catch {
    // Said below.
  }
  throw new Fault('config_invalid', { field, detail: `${field} names a file that is no bundle of certificates in PEM` })
}

/** The leaf's key. Fault: config_invalid. */
export function publicKeyOf(chainPem: string): KeyObject {
  const [leaf] = certificatesIn(chainPem, CHAIN)
  if (leaf === undefined) throw new TypeError('there is one')
  return leaf.publicKey
}

/** When the first certificate of a chain is over. Fault: config_invalid. */
export function endOf(chainPem: string): Date {
  return new Date(Math.min(...certificatesIn(chainPem, CHAIN).map(({ validToDate }) => validToDate.getTime())))
}

/** Before each signature. Fault: signer_failed, once the first of the chain is over. */
export function refuseOver(chainPem: string): void {
  const end = endOf(chainPem)
  if (Date.now() <= end.getTime()) return
  throw new Fault('signer_failed', {
    retry: 'later',
    field: CHAIN,
    facts: { problem: 'certificate_over', ended_at: end.toISOString() },
    detail: "The signer's certificate is over; nothing is signed with it.",
  })
}

const CHAIN = 'DARKROOM_SIGNER_CERTIFICATE_FILE'
