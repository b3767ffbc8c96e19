// Ids are a prefix and 26 characters of Crockford base32: 48 bits of milliseconds, then 80 random bits (the ULID layout).
// They sort by time, say what they name and carry nothing personal.
import { randomBytes } from 'node:crypto'

declare const brand: unique symbol
type Branded<Name extends string> = string & { readonly [brand]: Name }

export type RequestId = Branded<'request'>
export type ImageId = Branded<'image'>
export type StatementId = Branded<'statement'>
export type AppealId = Branded<'appeal'>
export type TaskId = Branded<'task'>
export type TenantId = Branded<'tenant'>
export type PersonId = Branded<'person'>
export type KeyId = Branded<'key'>
export type WebhookId = Branded<'webhook'>
export type MessageId = Branded<'message'>
export type DeliveryId = Branded<'delivery'>
export type ReviewId = Branded<'review'>
export type VerdictId = Branded<'verdict'>
export type ReportId = Branded<'report'>
export type LegalHoldId = Branded<'legal_hold'>
export type HandoverId = Branded<'handover'>
export type ExportId = Branded<'export'>
export type UserErasureId = Branded<'user_erasure'>

type IdOf = {
  req: RequestId
  img: ImageId
  sor: StatementId
  apl: AppealId
  tsk: TaskId
  ten: TenantId
  per: PersonId
  key: KeyId
  whk: WebhookId
  msg: MessageId
  dlv: DeliveryId
  rvw: ReviewId
  vrd: VerdictId
  rep: ReportId
  lgh: LegalHoldId
  hov: HandoverId
  exp: ExportId
  ers: UserErasureId
}
export type IdPrefix = keyof IdOf

const PREFIXES: Readonly<Record<IdPrefix, true>> = {
  req: true,
  img: true,
  sor: true,
  apl: true,
  tsk: true,
  ten: true,
  per: true,
  key: true,
  whk: true,
  msg: true,
  dlv: true,
  rvw: true,
  vrd: true,
  rep: true,
  lgh: true,
  hov: true,
  exp: true,
  ers: true,
}

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz'
const BODY = /^[0-9a-hjkmnp-tv-z]{26}$/

/** A fresh id such as `img_01jd...`. */
export function newId<P extends IdPrefix>(prefix: P, nowMs: number = Date.now()): IdOf[P] {
  let time = ''
  for (let rest = nowMs, i = 0; i < 10; i++, rest = Math.floor(rest / 32)) time = ALPHABET.charAt(rest % 32) + time
  let bits = 0n
  for (const byte of randomBytes(10)) bits = (bits << 8n) | BigInt(byte)
  let random = ''
  for (let i = 0; i < 16; i++, bits >>= 5n) random = ALPHABET.charAt(Number(bits & 31n)) + random
  return `${prefix}_${time}${random}` as IdOf[P]
}

/** The id if `text` is well formed for `prefix`, else null. */
export function parseId<P extends IdPrefix>(prefix: P, text: string): IdOf[P] | null {
  return text.startsWith(`${prefix}_`) && BODY.test(text.slice(prefix.length + 1)) ? (text as IdOf[P]) : null
}

/** Whether `text` is well formed as an id of any kind. */
export function isId(text: string): boolean {
  const [prefix = '', body = '', ...rest] = text.split('_')
  return Object.hasOwn(PREFIXES, prefix) && BODY.test(body) && rest.length === 0
}
