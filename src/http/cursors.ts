// Cursors of lists: opaque, and good only for the tenant and the filters that they were made for. A keyed digest binds them, so
// another tenant's cursor, another list's and a made-up one all read as no cursor at all.
import { timingSafeEqual } from 'node:crypto'
import { canonical, type Json, saltedDigest } from '../kernel/canonical.ts'
import { Fault } from '../kernel/fault.ts'

const MAC_CHARACTERS = 32

/** What a cursor belongs to: the list, the tenant, the filters. */
export type Bound = { [name: string]: Json }

export function writeCursor(secret: Uint8Array, bound: Bound, lastId: string): string {
  return `${Buffer.from(lastId).toString('base64url')}.${macOf(secret, bound, lastId)}`
}

/** The id after which the page begins. Fault: invalid_request (field after). */
export function readCursor(secret: Uint8Array, bound: Bound, cursor: string): string {
  const [body = '', mac = '', ...rest] = cursor.split('.')
  const lastId = Buffer.from(body, 'base64url').toString()
  const expected = Buffer.from(macOf(secret, bound, lastId))
  const given = Buffer.from(mac)
  const same = given.length === expected.length && timingSafeEqual(given, expected)
  if (same && rest.length === 0 && writeCursor(secret, bound, lastId) === cursor) return lastId
  throw new Fault('invalid_request', {
    field: 'after',
    detail: 'after is not the next of an earlier page of this list with these filters',
  })
}

function macOf(secret: Uint8Array, bound: Bound, lastId: string): string {
  return saltedDigest(secret, canonical({ cursor: lastId, ...bound })).slice(0, MAC_CHARACTERS)
}
