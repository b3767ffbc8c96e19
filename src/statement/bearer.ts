// Whoever bears a statement's secret may read it and appeal, without an account: the end user of a tenant's product, to whom the
// product hands the link. The secret is made of the statement's id and a key of the deployment, so none is ever stored; in links it
// stands in the fragment, which browsers send nowhere.
import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Statement } from './statement.ts'

/** 128 bits: 22 characters of base64url. */
const SECRET_BYTES = 16

export type Bearers = {
  readonly secretOf: (statementId: string) => string
  /** Takes the same time whatever was sent. */
  readonly admits: (statementId: string, secret: string) => boolean
}

/** `key`: 32 bytes that all processes of the deployment share. */
export function openBearers(key: Uint8Array): Bearers {
  const macOf = (id: string) => createHmac('sha256', key).update(id).digest().subarray(0, SECRET_BYTES)
  return {
    secretOf: (id) => macOf(id).toString('base64url'),
    admits: (id, secret) => {
      const given = Buffer.from(secret, 'base64url')
      const fits = given.length === SECRET_BYTES && given.toString('base64url') === secret
      return timingSafeEqual(macOf(id), fits ? given : Buffer.alloc(SECRET_BYTES)) && fits
    },
  }
}

/** The page of a statement for whoever has no account, relative to the service; null for a restricted one, which nobody passes on. */
export function publicPath(bearers: Bearers, { id, redress }: Statement): string | null {
  return redress.kind === 'restricted' ? null : `/statements/${id}#${bearers.secretOf(id)}`
}

/** The same, where an ordinary appeal is open; else null. */
export function appealPath(bearers: Bearers, statement: Statement): string | null {
  return statement.redress.kind === 'full' ? publicPath(bearers, statement) : null
}
