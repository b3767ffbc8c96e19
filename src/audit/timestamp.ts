// Timestamps of checkpoints (RFC 3161). What is dated is SHA-256 of a note's text: all that stands above its empty line, the newline of
// the last line included; the same bytes that the log's key and the witnesses sign. A token is kept only when it was granted for
// that digest in answer to this very question. Its signature and the authority's certificate are for readers to check (openssl ts).
import { hash } from 'node:crypto'
import { type Element, element, elementsOf, expectTag, inside, integer, TAG } from './der.ts'
import { ask, type Limits, type NoAnswer } from './outbound.ts'

export const TIMESTAMP_REPLY = 'application/timestamp-reply'
const TIMESTAMP_QUERY = 'application/timestamp-query'
/** An authority's answer brings its certificates. */
const MOST_BYTES = 65_536

const SHA256 = identifier('608648016503040201')
const SIGNED_DATA = identifier('2a864886f70d010702')
const TST_INFO = identifier('2a864886f70d0109100104')
const NULL = element(TAG.null)
const ONE = integer(Uint8Array.of(1))
const TRUE = element(TAG.boolean, Uint8Array.of(0xff))
/** PKIStatusInfo of granted (0). */
const GRANTED = element(TAG.sequence, integer(Uint8Array.of(0)))

export type TimestampProblem = NoAnswer['problem'] | 'refused'
export type Timestamped =
  | { readonly result: 'stamped'; readonly token: Buffer }
  | { readonly result: TimestampProblem; readonly detail: string }

/** Asks the authority at `url` for a token over SHA-256 of `text`. `nonce`: eight random bytes. Rejects only when the process stops. */
export async function askTimestamp(
  url: string,
  text: string,
  nonce: Uint8Array,
  limits: Omit<Limits, 'mostBytes'>,
): Promise<Timestamped> {
  const digest = hash('sha256', text, 'buffer')
  const headers = { 'content-type': TIMESTAMP_QUERY, accept: TIMESTAMP_REPLY }
  const body = new Uint8Array(timestampQuery(digest, nonce))
  const answer = await ask({ url, headers, body }, { ...limits, mostBytes: MOST_BYTES })
  if ('problem' in answer) return { result: answer.problem, detail: answer.detail }
  const { status, type } = answer
  if (status !== 200) return { result: status >= 500 ? 'unreachable' : 'refused', detail: `it answers ${status}` }
  if (type !== TIMESTAMP_REPLY) return { result: 'wrong_answer', detail: `it answers ${JSON.stringify(type)}` }
  try {
    return readTimestampReply(answer.body, digest, nonce)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    return { result: 'wrong_answer', detail: error.message }
  }
}

/** TimeStampReq: SHA-256 `digest`, any policy, with the authority's certificates. */
export function timestampQuery(digest: Uint8Array, nonce: Uint8Array): Buffer {
  const imprint = element(TAG.sequence, element(TAG.sequence, SHA256, NULL), element(TAG.octets, digest))
  return element(TAG.sequence, ONE, imprint, integer(nonce), TRUE)
}

/** TimeStampResp around a token, as a client that asked would have had it. */
export function timestampReply(token: Uint8Array): Buffer {
  return element(TAG.sequence, GRANTED, token)
}

/** The token of a TimeStampResp, or that it was not granted. RangeError: it is none, or answers another question. */
export function readTimestampReply(bytes: Buffer, digest: Uint8Array, nonce: Uint8Array): Timestamped {
  const [info, token, ...more] = inside(bytes, TAG.sequence, 'the reply')
  const [status] = elementsOf(expectTag(info, TAG.sequence, 'the status').body)
  const { body } = expectTag(status, TAG.integer, 'the number of the status')
  const code = body.length === 1 ? body.readInt8(0) : Number.NaN
  // Granted, or granted with modifications.
  if (code !== 0 && code !== 1) return { result: 'refused', detail: `it answers the status ${code}` }
  if (more.length > 0) throw new RangeError('something follows the token')
  const granted = expectTag(token, TAG.sequence, 'the token')
  checkToken(granted, digest, nonce)
  return { result: 'stamped', token: Buffer.from(granted.bytes) }
}

/** When the authority says that it dated something; null where the token says no time that can be read. */
export function timestampTime(token: Buffer): Date | null {
  try {
    const [one, ...more] = elementsOf(token)
    if (more.length > 0) throw new RangeError('something follows the token')
    const [, , , , time] = inside(infoOf(expectTag(one, TAG.sequence, 'the token')), TAG.sequence, 'the timestamp')
    const text = expectTag(time, TAG.generalizedTime, 'the time').body.toString('latin1')
    const parts = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\.\d{1,9})?Z$/.exec(text)
    if (parts === null) return null
    const [, year, month, day, hour, minute, second, fraction = ''] = parts
    const moment = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}${fraction.slice(0, 4)}Z`)
    return Number.isNaN(moment.getTime()) ? null : moment
  } catch (error) {
    if (error instanceof RangeError) return null
    throw error
  }
}

function checkToken(token: Element, digest: Uint8Array, nonce: Uint8Array): void {
  checkInfo(infoOf(token), digest, nonce)
}

/** The TSTInfo in a ContentInfo of SignedData (RFC 5652). */
function infoOf(token: Element): Buffer {
  const [kind, content] = elementsOf(token.body)
  if (kind?.bytes.equals(SIGNED_DATA) !== true) throw new RangeError('the token is no signed data')
  const signed = inside(expectTag(content, TAG.first, 'the signed data').body, TAG.sequence, 'the signed data')
  const [, , wrapped] = signed
  const [type, octets] = elementsOf(expectTag(wrapped, TAG.sequence, 'what is signed').body)
  if (type?.bytes.equals(TST_INFO) !== true) throw new RangeError('what is signed is no timestamp')
  const [info, ...more] = elementsOf(expectTag(octets, TAG.first, 'the timestamp').body)
  if (more.length > 0) throw new RangeError('something follows the timestamp')
  const signers = expectTag(signed.at(-1), TAG.set, 'the set of signers')
  if (signers.body.length === 0) throw new RangeError('nobody signed the timestamp')
  return expectTag(info, TAG.octets, 'the timestamp').body
}

function checkInfo(bytes: Buffer, digest: Uint8Array, nonce: Uint8Array): void {
  const [version, policy, imprint, serial, time, ...rest] = inside(bytes, TAG.sequence, 'the timestamp')
  if (version?.bytes.equals(ONE) !== true) throw new RangeError('the timestamp is not of version 1')
  expectTag(policy, TAG.identifier, 'the policy')
  const [algorithm, hashed] = elementsOf(expectTag(imprint, TAG.sequence, 'the imprint').body)
  const [name, parameters] = elementsOf(expectTag(algorithm, TAG.sequence, 'the algorithm of the imprint').body)
  const plain = parameters === undefined || parameters.bytes.equals(NULL)
  if (name?.bytes.equals(SHA256) !== true || !plain) throw new RangeError('the imprint is not by SHA-256')
  if (!expectTag(hashed, TAG.octets, 'the digest').body.equals(digest))
    throw new RangeError('the timestamp is of another digest')
  expectTag(serial, TAG.integer, 'the serial number')
  expectTag(time, TAG.generalizedTime, 'the time')
  const answered = rest.find(({ tag }) => tag === TAG.integer)
  if (answered?.bytes.equals(integer(nonce)) !== true) throw new RangeError('the timestamp answers another question')
}

function identifier(hex: string): Buffer {
  return element(TAG.identifier, Buffer.from(hex, 'hex'))
}
