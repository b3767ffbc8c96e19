#!/usr/bin/env node
// Checks an export of Darkroom's audit log without Darkroom: this one file, and Node 20 or later, are all it needs.
//
//   node verify.mjs <archive.tar> [--key <verifier key, or a file with it>] [--checkpoint <file>]... [--json]
//
// --key         the log's key, from elsewhere than the export: the one printed at /log/key when you first came to know the log
// --checkpoint  a checkpoint that you kept: it is held against the rows, so that a log that shows two histories is found out
// --json        the report as one JSON document on standard output
//
// Exit status: 0 everything holds; 1 something is wrong, one line each; 2 it could not be checked; 3 everything holds, and no row
// matches the query; 4 everything in the export holds, and a checkpoint that was given could not be held against it. Written from docs/audit-format.md alone, and in its order; it shares no code with what makes the exports. The archive
// is read once from front to back and never held: what is kept of it has the limits below, whoever made it.

import { Buffer, isUtf8 } from 'node:buffer'
import { createHash, createHmac, createPublicKey, verify as verifySignature } from 'node:crypto'
import { closeSync, existsSync, fstatSync, openSync, readSync, realpathSync } from 'node:fs'
import process from 'node:process'
import { fileURLToPath } from 'node:url'

const FORMAT = 'darkroom.audit-export/v1'
/** Lines of failures that are kept and printed. */
const SHOWN = 20
/** Of this checker, not of the format: what is beyond them is not called wrong, but it is not checked either. */
const LIMITS = {
  manifestBytes: 8 * 2 ** 20,
  smallFileBytes: 2 ** 16,
  lineBytes: 2 ** 20,
  depth: 64,
  parts: 50_000,
  tenantBytes: 10 ** 8,
}
const ENTRY_BYTES = 65_535

/** It is wrong, and what follows cannot be understood without it. */
class Refused extends Error {}
/** Whether it is right cannot be said. */
class Unchecked extends Error {}

// ---- Words: hex, base64, times, canonical JSON (RFC 8785) ----

const sha256 = (...parts) => {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest()
}
const isHex = (value) => typeof value === 'string' && /^[0-9a-f]{64}$/.test(value)
const isText = (value) => typeof value === 'string'
const isCount = (value) => Number.isSafeInteger(value) && value >= 0
const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value)
const isTime = (value) =>
  isText(value) &&
  /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(value) &&
  !Number.isNaN(Date.parse(value)) &&
  new Date(value).toISOString() === value

/** The bytes, or undefined where an encoder would have spelled them otherwise. */
const fromBase64 = (text) => {
  const bytes = Buffer.from(text, 'base64')
  return bytes.toString('base64') === text ? bytes : undefined
}
const isHashInBase64 = (value) => isText(value) && fromBase64(value)?.length === 32

const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu
const escaped = (character) => `\\u${character.codePointAt(0).toString(16).padStart(4, '0')}`
/** Text of others for a terminal: nothing in it moves the cursor, hides or turns what is around it. */
const printable = (text) => text.replace(UNPRINTABLE, escaped)
/** A value of others in a message: short, and quoted where it is text. */
const shown = (value) => {
  if (Array.isArray(value)) return 'a list'
  if (isObject(value)) return 'an object'
  const text = JSON.stringify(isText(value) ? value.slice(0, 100) : value) ?? 'missing'
  return printable(isText(value) && value.length > 100 ? `${text.slice(0, -1)}…"` : text)
}

/** Throws Refused for what has no canonical form. Negative zero and rounded numbers come out unlike the text they were read from. */
const canonical = (value, depth = 0) => {
  if (typeof value === 'string') {
    if (!value.isWellFormed()) throw new Refused('has a lone surrogate, which canonical JSON does not know')
    return JSON.stringify(value)
  }
  if (typeof value === 'number' && !Number.isFinite(value)) throw new Refused('has a number that is out of range')
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  if (depth >= LIMITS.depth)
    throw new Unchecked(`is nested deeper than the ${LIMITS.depth} levels that this checker reads`)
  if (Array.isArray(value)) return `[${value.map((item) => canonical(item, depth + 1)).join(',')}]`
  // Without a comparison of its own, sort() goes by UTF-16 code units.
  const fields = Object.keys(value).sort()
  return `{${fields.map((key) => `${canonical(key)}:${canonical(value[key], depth + 1)}`).join(',')}}`
}

/** A long text is looked over before it is parsed: what it would become may be a hundred times its size. */
const refuseExcess = (text) => {
  let [depth, parts] = [0, 0]
  for (const [mark] of text.matchAll(/"(?:[^"\\]|\\.)*"|[[\]{}:]/gs)) {
    if (mark === '[' || mark === '{') depth += 1
    if (mark === ']' || mark === '}') depth -= 1
    if (mark === '[' || mark === '{' || mark === ':') parts += 1
    if (depth > LIMITS.depth)
      throw new Unchecked(`is nested deeper than the ${LIMITS.depth} levels that this checker reads`)
    if (parts > LIMITS.parts)
      throw new Unchecked(`has more than the ${LIMITS.parts} fields and lists that this checker reads`)
  }
}

/** Reads JSON and says whether its bytes are its canonical form; that also finds keys that stand there twice. */
const parse = (bytes) => {
  if (!isUtf8(bytes)) throw new Refused('is not UTF-8')
  const text = bytes.toString('utf8')
  if (bytes.length > LIMITS.smallFileBytes) refuseExcess(text)
  let value
  try {
    value = JSON.parse(text)
  } catch {
    throw new Refused('is not JSON')
  }
  return { value, isCanonical: canonical(value) === text }
}

// What a value must be is a function of it and its path, which throws Refused.
const rule = (holds, words) => (value, path) => {
  if (!holds(value)) throw new Refused(`${path} must be ${words}, and is ${shown(value)}`)
}
const listOf = (item) => (value, path) => {
  if (!Array.isArray(value)) throw new Refused(`${path} must be a list, and is ${shown(value)}`)
  for (const [i, each] of value.entries()) item(each, `${path}[${i}]`)
}
/** These fields, all of them, and no other. */
const objectOf = (rules) => (value, path) => {
  if (!isObject(value)) throw new Refused(`${path || 'the document'} must be an object, and is ${shown(value)}`)
  const nameOf = (field) => (path === '' ? field : `${path}.${field}`)
  for (const field in rules) {
    if (!Object.hasOwn(value, field)) throw new Refused(`${nameOf(field)} is missing`)
    rules[field](value[field], nameOf(field))
  }
  const stranger = Object.keys(value).find((field) => !Object.hasOwn(rules, field))
  if (stranger !== undefined) throw new Refused(`${shown(nameOf(stranger))} is not a field of this format`)
}
const TEXT = rule(isText, 'text')
const TEXT_OR_NULL = rule((value) => value === null || isText(value), 'text or null')
const TIME = rule(isTime, 'a time in UTC with milliseconds')
const COUNT = rule(isCount, 'a whole number from 0 to 2^53 - 1')
const WHOLE = rule(Number.isSafeInteger, 'a whole number')
const HEX = rule(isHex, '64 hex digits')
const OBJECT = rule(isObject, 'an object')

/** Says with every failure where it was found. */
const placed = (place, read) => {
  try {
    return read()
  } catch (error) {
    if (error instanceof Refused) throw new Refused(`${place}: ${error.message}`)
    if (error instanceof Unchecked) throw new Unchecked(`${place}: ${error.message}`)
    throw error
  }
}
/** The same where what follows can be understood without it: undefined then. */
const attempt = (place, wrong, read) => {
  try {
    return placed(place, read)
  } catch (error) {
    if (!(error instanceof Refused)) throw error
    wrong(error.message)
    return undefined
  }
}

// ---- The log: the Merkle tree of RFC 6962, and signed notes ----

const EMPTY_ROOT = sha256()
const LEAF = Buffer.of(0)
const NODE = Buffer.of(1)
const hashLeaf = (bytes) => sha256(LEAF, bytes)
const hashNode = (left, right) => sha256(NODE, left, right)
// Sizes go up to 2^53: no bit operators, which would cut them to 32.
const isOdd = (n) => n % 2 === 1
const half = (n) => Math.floor(n / 2)

/** How many complete subtrees make up the first `size` leaves. */
const countSubtrees = (size) => {
  let ones = 0
  for (let n = size; n > 0; n = half(n)) ones += n % 2
  return ones
}

/** `subtrees` are the complete ones of the first `size` leaves, the largest first; afterwards those of one leaf more. */
const appendLeaf = (subtrees, size, leaf) => {
  let hash = leaf
  for (let n = size; isOdd(n); n = half(n)) hash = hashNode(subtrees.pop(), hash)
  subtrees.push(hash)
}

const rootOf = (subtrees) =>
  subtrees.length === 0 ? EMPTY_ROOT : subtrees.reduceRight((right, left) => hashNode(left, right))

/** The sides on which siblings join, from the complete subtree that ends before leaf `end` up to the root over `size` leaves. */
const sidesAbove = (end, size) => {
  let [node, last] = [end - 1, size - 1]
  for (; isOdd(node); node = half(node)) last = half(last)
  const sides = []
  for (; last > 0; node = half(node), last = half(last)) {
    if (isOdd(node)) sides.push('left')
    else if (node < last) sides.push('right')
  }
  return sides
}

/** The root over a tree of `size` leaves: `subtrees` make up the first `end`, `right` are the siblings to the right, lowest first. */
const rootAbove = (subtrees, end, size, right) => {
  const left = [...subtrees]
  const rest = right.values()
  let hash = left.pop()
  for (const side of sidesAbove(end, size)) {
    hash = side === 'left' ? hashNode(left.pop(), hash) : hashNode(hash, rest.next().value)
  }
  return hash
}

/** RFC 9162, section 2.1.4.2, for 0 < older.size < newer.size. */
const isConsistent = (older, newer, proof) => {
  if (proof.length === 0) return false
  let [node, last] = [older.size - 1, newer.size - 1]
  for (; isOdd(node); node = half(node)) last = half(last)
  // A complete tree is its own first hash.
  const [first, ...path] = node === 0 ? [older.root, ...proof] : proof
  let [olderRoot, newerRoot] = [first, first]
  for (const hash of path) {
    if (last === 0) return false
    if (isOdd(node) || node === last) {
      olderRoot = hashNode(hash, olderRoot)
      newerRoot = hashNode(hash, newerRoot)
      while (!isOdd(node) && node !== 0) [node, last] = [half(node), half(last)]
    } else newerRoot = hashNode(newerRoot, hash)
    node = half(node)
    last = half(last)
  }
  return last === 0 && olderRoot.equals(older.root) && newerRoot.equals(newer.root)
}

const ED25519 = 1
const keyId = (name, raw) => sha256(name, '\n', Buffer.of(ED25519), raw).subarray(0, 4).toString('hex')

/** `<origin>+<key id>+<base64 of 01 and the public key>`; undefined where it is not one. */
const readKey = (text) => {
  const [, name, id, base64 = ''] = /^([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+=*)$/.exec(text) ?? []
  const raw = fromBase64(base64)
  if (raw?.length !== 33 || raw[0] !== ED25519 || keyId(name, raw.subarray(1)) !== id) return undefined
  const jwk = { kty: 'OKP', crv: 'Ed25519', x: raw.subarray(1).toString('base64url') }
  return { text, name, id, public: createPublicKey({ key: jwk, format: 'jwk' }) }
}

/** Text, and signature lines that are well formed; nothing is verified yet. */
const readNote = (bytes) => {
  const note = isUtf8(bytes) ? bytes.toString('utf8') : ''
  const cut = note.lastIndexOf('\n\n')
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a note has none but its newlines
  if (cut < 1 || !note.endsWith('\n') || /[\0-\x09\x0b-\x1f]/.test(note)) throw new Refused('is not a signed note')
  const lines = note.slice(cut + 2, -1).split('\n')
  const signatures = lines.map((line) => {
    const [, name, base64 = ''] = /^— ([^\s+]+) ([A-Za-z0-9+/]+=*)$/.exec(line) ?? []
    const blob = fromBase64(base64)
    if (blob === undefined || blob.length < 5) throw new Refused(`has a line that is not a signature: ${shown(line)}`)
    return { name, id: blob.subarray(0, 4).toString('hex'), signature: blob.subarray(4) }
  })
  return { text: note.slice(0, cut + 1), signatures }
}

const requireSignature = ({ text, signatures }, key) => {
  const own = signatures.filter(({ name, id }) => name === key.name && id === key.id)
  if (own.length !== 1)
    throw new Refused(`has ${own.length === 0 ? 'no signature' : 'more than one signature'} by the log's key`)
  const right = verifySignature(null, Buffer.from(text), key.public, own[0].signature)
  if (!right) throw new Refused("its signature by the log's key is wrong")
}

/** A checkpoint that the log's key has signed. */
const readCheckpoint = (bytes, key) => {
  const note = readNote(bytes)
  const [origin, size = '', root = ''] = note.text.split('\n')
  if (!/^(0|[1-9]\d{0,15})$/.test(size) || !isCount(Number(size)) || !isHashInBase64(root)) {
    throw new Refused('is not a checkpoint: after the origin there must be a size and a root')
  }
  if (origin !== key.name) throw new Refused(`is of another log: ${shown(origin)}, expected ${shown(key.name)}`)
  requireSignature(note, key)
  const checkpoint = { size: Number(size), root: fromBase64(root) }
  if (checkpoint.size === 0 && !checkpoint.root.equals(EMPTY_ROOT))
    throw new Refused('has no leaves, and not the root of no leaves')
  return checkpoint
}

// ---- Entries ----

const NO_LINK = '0'.repeat(64)
const isSequence = (value) => isText(value) && /^[1-9]\d{0,18}$/.test(value)
const sharedFields = {
  tenant: TEXT,
  sequence: rule(isSequence, 'decimal digits in a string'),
  previous: HEX,
  at: TIME,
  kind: TEXT,
}
const ENTRY = {
  1: objectOf({ v: rule((v) => v === 1, '1 or 2'), ...sharedFields, leaf: HEX }),
  2: objectOf({ v: rule((v) => v === 2, '1 or 2'), ...sharedFields, body: HEX }),
}
const moveFields = { facts: OBJECT, from: TEXT_OR_NULL, id: TEXT, kind: TEXT, subject: TEXT, to: TEXT_OR_NULL }
const OPENED = {
  1: objectOf({ ...moveFields, salt: rule((salt) => salt === null, 'null where v is 1') }),
  2: objectOf({ ...moveFields, salt: HEX }),
}

/** What an opened row makes of its entry's `body` or `leaf`, in hex. */
const digestOf = (entry, { facts, from, id, kind, salt, subject, to }) => {
  if (entry.v === 2) {
    const body = canonical({ facts, from, id, kind, subject, to })
    return createHmac('sha256', Buffer.from(salt, 'hex')).update(body).digest('hex')
  }
  const { at, previous, sequence, tenant } = entry
  return hashLeaf(canonical({ at, facts, from, id, kind, previous, sequence, subject, tenant, to, v: 1 })).toString(
    'hex',
  )
}

// ---- The archive: a tar whose every byte follows from its files ----

const BLOCK = 512
const octal = (value, digits) => value.toString(8).padStart(digits, '0')

const headerOf = (name, size) => {
  const header = Buffer.alloc(BLOCK)
  header.write(name, 0, 'latin1')
  header.write('0000644\x000000000\x000000000\0', 100, 'latin1')
  if (size < 8 ** 11) header.write(octal(size, 11), 124, 'latin1')
  else {
    header[124] = 0x80
    header.writeBigUInt64BE(BigInt(size), 128)
  }
  header.write('00000000000\0        0', 136, 'latin1')
  header.write('ustar\x0000', 257, 'latin1')
  header.write('0000000\x000000000\0', 329, 'latin1')
  const sum = header.reduce((total, byte) => total + byte, 0)
  header.write(`${octal(sum, 6)}\0 `, 148, 'latin1')
  return header
}

/** The size as the header has it; undefined where it has none that could be. */
const sizeIn = (header) => {
  if (header[124] === 0x80) {
    const size = header.readBigUInt64BE(128)
    return size <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(size) : undefined
  }
  const digits = header.toString('latin1', 124, 135)
  return /^[0-7]{11}$/.test(digits) ? Number.parseInt(digits, 8) : undefined
}

const ioWords = new Map([
  ['ENOENT', 'there is no such file'],
  ['EACCES', 'it may not be read'],
  ['EISDIR', 'it is a directory'],
])
/** Runs something that reads a file; a failure of the file system is a line. */
const reading = (path, read) => {
  try {
    return read()
  } catch (error) {
    if (error?.syscall === undefined) throw error
    throw new Unchecked(`${path}: ${ioWords.get(error.code) ?? `it cannot be read (${error.code})`}`)
  }
}

/** A file, read from front to back through one buffer. */
class Source {
  #descriptor
  #path
  #buffer = Buffer.alloc(2 ** 20)
  #start = 0
  #end = 0
  position = 0
  sizeBytes = 0

  constructor(path) {
    this.#path = path
    this.#descriptor = reading(path, () => openSync(path, 'r'))
    this.sizeBytes = fstatSync(this.#descriptor).size
  }

  /** At most `most` bytes, valid until the next call; none at the end of the file. */
  next(most) {
    if (this.#start === this.#end) {
      this.#start = 0
      this.#end = reading(this.#path, () => readSync(this.#descriptor, this.#buffer))
    }
    const chunk = this.#buffer.subarray(this.#start, Math.min(this.#end, this.#start + most))
    this.#start += chunk.length
    this.position += chunk.length
    return chunk
  }

  /** Passes on `size` bytes in pieces, and answers how many there were. */
  each(size, onChunk) {
    let left = size
    while (left > 0) {
      const chunk = this.next(left)
      if (chunk.length === 0) break
      onChunk(chunk)
      left -= chunk.length
    }
    return size - left
  }

  /** A copy of the next `size` bytes, or of fewer at the end. */
  take(size) {
    const chunks = []
    this.each(size, (chunk) => chunks.push(Buffer.from(chunk)))
    return Buffer.concat(chunks)
  }

  close() {
    closeSync(this.#descriptor)
  }
}

/** Reads the header of the file that must come next, and answers the file's size. */
const readHeader = (source, name) => {
  const start = source.position
  const block = source.take(BLOCK)
  const named = block.toString('latin1', 0, 100).replace(/\0+$/, '')
  const isOurs = named === 'manifest.json' || block.toString('latin1', 257, 262) === 'ustar'
  if (start === 0 && !isOurs) throw new Unchecked('the file is not a tar of an export')
  if (block.length < BLOCK) throw new Refused(`the archive ends where the header of ${name} should be`)
  const size = sizeIn(block)
  const expected = headerOf(name, size ?? 0)
  const wrong = expected.findIndex((byte, i) => byte !== block[i])
  if (wrong >= 0 && named !== name) throw new Refused(`the archive has ${shown(named)} where ${name} should be`)
  if (size === undefined) throw new Refused(`the header of ${name} has no size`)
  if (wrong < 0) return size
  const [found, right] = [block, expected].map((header) => `0x${header.toString('hex', wrong, wrong + 1)}`)
  throw new Refused(`the header of ${name} has ${found} at byte ${start + wrong} of the archive, expected ${right}`)
}

const requireZeros = (source, size, place) => {
  const start = source.position
  let position = start
  const count = source.each(size, (chunk) => {
    const other = chunk.findIndex((byte) => byte !== 0)
    if (other >= 0)
      throw new Refused(`${place} has at byte ${position + other} of the archive something else than zeros`)
    position += chunk.length
  })
  if (count < size) throw new Refused(`${place} is cut off: the archive ends after ${start + count} bytes`)
}

/** Reads one file to the end of its last block: its contents in pieces to `onChunk`. Answers size and hash. */
const readFile = (source, name, size, onChunk) => {
  const hash = createHash('sha256')
  const count = source.each(size, (chunk) => {
    hash.update(chunk)
    onChunk(chunk)
  })
  if (count < size) throw new Refused(`${name} is cut off: the archive ends after ${count} of its ${size} bytes`)
  requireZeros(source, (BLOCK - (size % BLOCK)) % BLOCK, `the padding of ${name}`)
  return { size, sha256: hash.digest('hex') }
}

/** Reads a file that is held as a whole. */
const readSmall = (source, name, most) => {
  const size = readHeader(source, name)
  if (size > most) throw new Unchecked(`${name} has ${size} bytes, and this checker reads ${most} at most`)
  const chunks = []
  const found = readFile(source, name, size, (chunk) => chunks.push(Buffer.from(chunk)))
  return { bytes: Buffer.concat(chunks), ...found }
}

const readEnd = (source) => {
  requireZeros(source, 2 * BLOCK, 'the end of the archive')
  if (source.next(1).length > 0) throw new Refused(`the archive has bytes after its end at ${source.position - 1}`)
}

// ---- manifest.json and manifest.note ----

const LISTED = ['checkpoint.note', 'start.note', 'proofs.json', 'rows.jsonl', 'rows.csv', 'rows.parquet']
const REQUIRED = ['checkpoint.note', 'proofs.json', 'rows.jsonl']
const isAscending = (list) => list.every((value, i) => isCount(value) && (i === 0 || list[i - 1] < value))
const MANIFEST = objectOf({
  format: TEXT,
  id: TEXT,
  log: objectOf({ origin: TEXT, key: TEXT }),
  query: objectOf({
    from: TIME,
    to: TIME,
    timezone: rule((value) => value === 'UTC', '"UTC"'),
    tenant: TEXT_OR_NULL,
    kind: TEXT_OR_NULL,
    subject: TEXT_OR_NULL,
  }),
  made_at: TIME,
  software: TEXT,
  range: objectOf({ first: COUNT, end: COUNT, size: COUNT }),
  counts: objectOf({
    rows: COUNT,
    within: COUNT,
    opened: COUNT,
    kinds: rule((value) => isObject(value) && Object.values(value).every(isCount), 'an object of whole numbers'),
  }),
  completeness: objectOf({
    proven: rule((value) => typeof value === 'boolean', 'true or false'),
    reason: TEXT_OR_NULL,
  }),
  withheld: rule((value) => Array.isArray(value) && isAscending(value), 'a list of indices, ascending'),
  gaps: listOf(TEXT),
  reconciliation: listOf(objectOf({ name: TEXT, what: TEXT, expected: WHOLE, found: WHOLE, difference: WHOLE })),
  files: listOf(objectOf({ name: TEXT, size: COUNT, sha256: HEX })),
})

const readManifest = (bytes, wrong) => {
  const { value: manifest, isCanonical } = parse(bytes)
  if (isObject(manifest) && isText(manifest.format) && manifest.format !== FORMAT) {
    throw new Unchecked(`its format ${shown(manifest.format)} is not known to this checker, which knows ${FORMAT}`)
  }
  if (!isCanonical) wrong('manifest.json: is not canonical JSON')
  MANIFEST(manifest, '')
  const names = manifest.files.map(({ name }) => name)
  const expected = LISTED.filter((name) => names.includes(name) || REQUIRED.includes(name))
  if (names.join('\n') !== expected.join('\n')) {
    throw new Refused(`files must list ${expected.join(', ')}, and lists ${names.slice(0, 10).map(shown).join(', ')}`)
  }
  const { first, end, size } = manifest.range
  if (first > end || end > size)
    throw new Refused(`range must have first ≤ end ≤ size, and has ${first}, ${end}, ${size}`)
  return manifest
}

/** What the manifest says of itself, before anything else is read. */
const checkManifest = ({ range, query, made_at, counts, completeness, withheld, gaps }, wrong) => {
  const say = (line) => wrong(`manifest.json: ${line}`)
  if (made_at < query.to) say(`made_at ${made_at} is before the end of the period, ${query.to}`)
  if (counts.rows !== range.end - range.first)
    say(`counts.rows is ${counts.rows}, and the range has ${range.end - range.first}`)
  const [proven, reason] = query.subject === null ? [true, null] : [false, 'subject_is_not_in_the_log']
  if (completeness.proven !== proven) say(`completeness.proven is ${completeness.proven}, expected ${proven}`)
  if (completeness.reason !== reason)
    say(`completeness.reason is ${shown(completeness.reason)}, expected ${shown(reason)}`)
  const stray = withheld.find((index) => index < range.first || index >= range.end)
  if (stray !== undefined) say(`withheld has index ${stray}, which is not in the range`)
  for (const gap of gaps) say(`a gap is told of: ${shown(gap)}`)
}

const checkManifestNote = (bytes, manifestHash, key) => {
  const note = readNote(bytes)
  if (note.signatures.length !== 1) throw new Refused(`has ${note.signatures.length} signatures, expected one`)
  requireSignature(note, key)
  if (note.text !== `${FORMAT}\n${manifestHash}\n`) throw new Refused('is not over this manifest.json')
}

// ---- proofs.json ----

const HASHES = listOf(rule(isHashInBase64, 'a hash in base64'))
const PROOFS = objectOf({ range: HASHES, consistency: HASHES })

const readProofs = (bytes, wrong) => {
  const { value: proofs, isCanonical } = parse(bytes)
  if (!isCanonical) wrong('proofs.json: is not canonical JSON')
  PROOFS(proofs, '')
  return { range: proofs.range.map(fromBase64), consistency: proofs.consistency.map(fromBase64) }
}

const checkConsistency = (start, checkpoint, proof, wrong) => {
  const say = (line) => wrong(`proofs.json: consistency ${line}`)
  if (start === undefined || start.size === 0 || start.size === checkpoint.size) {
    if (proof.length > 0) say(`has ${proof.length} hashes, expected none`)
    if (start?.size === checkpoint.size && !start.root.equals(checkpoint.root)) {
      wrong(`start.note: split view: it has another root than checkpoint.note for the same size, ${start.size}`)
    }
  } else if (start.size > checkpoint.size || !isConsistent(start, checkpoint, proof)) {
    say(`does not lead from start.note (size ${start.size}) to checkpoint.note (size ${checkpoint.size})`)
  }
}

// ---- rows.jsonl ----

const ROW = objectOf({
  entry: OBJECT,
  index: COUNT,
  opened: rule((value) => value === null || isObject(value), 'an object or null'),
})

/** Cuts chunks into lines. Answers the push of a chunk, and what is left after the last newline. */
const lineCutter = (onLine) => {
  let [parts, held, number] = [[], 0, 1]
  const push = (chunk) => {
    for (let from = 0; from < chunk.length; ) {
      const newline = chunk.indexOf(0x0a, from)
      const part = chunk.subarray(from, newline < 0 ? chunk.length : newline)
      held += part.length
      if (held > LIMITS.lineBytes) {
        throw new Unchecked(
          `rows.jsonl line ${number}: is longer than the ${LIMITS.lineBytes} bytes that this checker reads`,
        )
      }
      if (newline < 0) {
        parts.push(Buffer.from(part))
        return
      }
      onLine(parts.length === 0 ? part : Buffer.concat([...parts, part]), number)
      ;[parts, held, number] = [[], 0, number + 1]
      from = newline + 1
    }
  }
  return { push, heldBytes: () => held }
}

/** Reads the rows one after the other: what each must be by itself, after the one before, and for the query. */
class Rows {
  lines = 0
  within = 0
  opened = 0
  matched = 0
  kinds = new Map()
  firstRow
  lastRow
  /** Roots at the sizes that kept checkpoints have, as far as the rows came past them. */
  roots = new Map()
  /** False once a line could not be read: what follows from all of them together is unknown then. */
  isWhole = true
  #manifest
  #wrong
  #subtrees
  #wanted
  #withheld
  #expectedIndex
  #tenants = new Map()
  #tenantBytes = 0

  /** Without `subtrees`, those left of the range, there is no tree to grow. */
  constructor(manifest, subtrees, wanted, wrong) {
    this.#manifest = manifest
    this.#subtrees = subtrees
    this.#wanted = wanted
    this.#wrong = wrong
    this.#withheld = new Set(manifest.withheld)
    this.#expectedIndex = manifest.range.first
    this.#keepRoot()
  }

  line(bytes, number) {
    const expected = this.#expectedIndex
    const place = `rows.jsonl line ${number}`
    const isRead = attempt(place, this.#wrong, () => {
      this.#row(bytes, (words) => this.#wrong(`${place}: ${words}`))
      return true
    })
    this.lines = number
    if (isRead) return
    this.isWhole = false
    // Whose move it was is not known: nothing is said of links over it.
    this.#tenants.clear()
    if (this.#expectedIndex === expected) this.#expectedIndex += 1
  }

  /** The root over the whole tree, by the proof's right siblings. */
  root({ end, size }, right) {
    return rootAbove(this.#subtrees, end, size, right)
  }

  #row(bytes, say) {
    const { value: row, isCanonical } = parse(bytes)
    ROW(row, '')
    const { entry, index, opened } = row
    ENTRY[entry.v === 1 ? 1 : 2](entry, 'entry')
    if (!isCanonical) say('is not canonical JSON')
    if (index !== this.#expectedIndex) say(`has index ${index}, expected ${this.#expectedIndex}`)
    this.#expectedIndex = index + 1
    const entryBytes = Buffer.from(canonical(entry))
    if (entryBytes.length > ENTRY_BYTES) say(`its entry has ${entryBytes.length} bytes, and ${ENTRY_BYTES} is the most`)
    const leaf = hashLeaf(entryBytes)
    this.#append(leaf)
    this.#follow(entry, entry.v === 1 ? entry.leaf : leaf.toString('hex'), say)
    this.firstRow ??= { index, at: entry.at }
    this.lastRow = { index, at: entry.at }
    this.#hold(entry, index, opened, say)
    if (opened !== null) this.#open(entry, opened, say)
  }

  #append(leaf) {
    if (!this.isWhole || this.#subtrees === undefined) return
    appendLeaf(this.#subtrees, this.#manifest.range.first + this.lines, leaf)
    this.#keepRoot(1)
  }

  #keepRoot(more = 0) {
    const size = this.#manifest.range.first + this.lines + more
    if (this.#subtrees !== undefined && this.#wanted.has(size)) this.roots.set(size, rootOf(this.#subtrees))
  }

  /** Sequences follow each other by one, and each names the link of the one before. */
  #follow({ tenant, sequence, previous }, link, say) {
    const before = this.#tenants.get(tenant)
    const found = BigInt(sequence)
    if (before === undefined) {
      this.#tenantBytes += 256 + 2 * tenant.length
      if (this.#tenantBytes > LIMITS.tenantBytes)
        throw new Unchecked('these are more tenants than this checker can hold')
      // From the log's first leaf on there is nothing before.
      if (this.#manifest.range.first === 0 && this.isWhole && found !== 1n) {
        say(`sequence ${sequence} is this tenant's first in the log, expected 1`)
      }
    } else if (found !== before.sequence + 1n) {
      say(`sequence ${sequence} follows ${before.sequence} of the same tenant, expected ${before.sequence + 1n}`)
    } else if (previous !== before.link) {
      say(`previous is ${previous}, and the link of the tenant's row before is ${before.link}`)
    }
    if (found === 1n && previous !== NO_LINK) say(`previous is ${previous} at sequence 1, expected 64 zeros`)
    this.#tenants.set(tenant, { sequence: found, link })
  }

  /** Exactly the rows that match are opened, but for those withheld. */
  #hold(entry, index, opened, say) {
    const { query } = this.#manifest
    const isWithin = query.from <= entry.at && entry.at < query.to
    const isOfTenant = query.tenant === null || entry.tenant === query.tenant
    const isOfKind = query.kind === null || entry.kind === query.kind
    const matches = isWithin && isOfTenant && isOfKind
    const isWithheld = this.#withheld.has(index)
    if (isWithin) this.within += 1
    if (isWithheld || (opened !== null && matches)) this.matched += 1
    if (isWithheld && !matches) say(`index ${index} is withheld, and does not match the query`)
    if (isWithheld && opened !== null) say(`index ${index} is withheld, and is opened`)
    if (opened !== null && !matches) say(`index ${index} is opened, and does not match the query`)
    if (opened !== null && query.subject !== null && opened.id !== query.subject) {
      say(`index ${index} is opened, and its id is not the subject of the query`)
    }
    if (opened === null && matches && !isWithheld && query.subject === null) {
      say(`index ${index} matches the query, and is neither opened nor withheld`)
    }
  }

  #open(entry, opened, say) {
    OPENED[entry.v](opened, 'opened')
    const field = entry.v === 1 ? 'leaf' : 'body'
    if (digestOf(entry, opened) !== entry[field]) say(`what is opened does not make the ${field} of its entry`)
    if (entry.kind !== 'restricted' && opened.kind !== entry.kind) {
      say(`is opened as ${shown(opened.kind)}, and its entry says ${shown(entry.kind)}`)
    }
    this.opened += 1
    this.#count(opened.kind, say)
  }

  /** A kind that the manifest does not name is one failure, however many rows have it. */
  #count(kind, say) {
    const found = this.kinds.get(kind)
    const { kinds } = this.#manifest.counts
    if (found === undefined && !Object.hasOwn(kinds, kind)) {
      say(`is opened as ${shown(kind)}, which counts.kinds does not have`)
      if (this.kinds.size > Object.keys(kinds).length + SHOWN) return
    }
    this.kinds.set(kind, (found ?? 0) + 1)
  }
}

/** What the rows must be together. Answers whether they lead to the checkpoint, without which no root of theirs means anything. */
const checkRows = (rows, { range, query, counts }, checkpoint, proof, wrong) => {
  if (rows.lines !== range.end - range.first) {
    wrong(`rows.jsonl: has ${rows.lines} lines, and the range has ${range.end - range.first} leaves`)
    return false
  }
  if (!rows.isWhole) {
    wrong('rows.jsonl: whether the rows lead to checkpoint.note cannot be told, since not all of them could be read')
    return false
  }
  const { firstRow, lastRow } = rows
  if (firstRow === undefined) {
    if (range.size > 0) wrong('rows.jsonl: has no row, so that nothing shows that the range reaches beyond the period')
  } else {
    if (range.first > 0 && firstRow.at >= query.from) {
      wrong(
        `rows.jsonl: the first row (index ${firstRow.index}) is of ${firstRow.at}, and must be before the period, from ${query.from}`,
      )
    }
    if (range.end < range.size && lastRow.at < query.to) {
      wrong(
        `rows.jsonl: the last row (index ${lastRow.index}) is of ${lastRow.at}, and must be after the period, to ${query.to}`,
      )
    }
  }
  for (const field of ['within', 'opened']) {
    if (rows[field] !== counts[field])
      wrong(`manifest.json: counts.${field} is ${counts[field]}, and the rows have ${rows[field]}`)
  }
  for (const [kind, expected] of Object.entries(counts.kinds)) {
    const found = rows.kinds.get(kind) ?? 0
    if (found !== expected)
      wrong(`manifest.json: counts.kinds has ${expected} of ${shown(kind)}, and the rows have ${found}`)
  }
  if (proof === undefined) return false
  const root = range.first < range.end ? rows.root(range, proof.right) : (proof.right[0] ?? EMPTY_ROOT)
  const leads = root.equals(checkpoint.root)
  if (!leads) wrong('rows.jsonl: the rows and proofs.json do not lead to the root of checkpoint.note')
  return leads
}

/** Tells the hashes of `range` apart: roots on the left, siblings on the right. Undefined where there are too many or too few. */
const splitRangeProof = ({ first, end, size }, hashes, wrong) => {
  const isEmpty = first === end
  const left = isEmpty ? 0 : countSubtrees(first)
  const right = isEmpty ? Math.min(size, 1) : sidesAbove(end, size).filter((side) => side === 'right').length
  if (hashes.length === left + right) return { left: hashes.slice(0, left), right: hashes.slice(left) }
  wrong(`proofs.json: range has ${hashes.length} hashes, expected ${left + right}`)
  return undefined
}

// ---- Checkpoints that somebody kept ----

const readWhole = (path) => {
  const source = new Source(path)
  try {
    const bytes = source.take(LIMITS.smallFileBytes + 1)
    if (bytes.length > LIMITS.smallFileBytes)
      throw new Unchecked(`${path}: is larger than ${LIMITS.smallFileBytes} bytes`)
    return bytes
  } finally {
    source.close()
  }
}

const readKept = (files, key, wrong) =>
  files.map(({ path, bytes }) => ({ path, ...attempt(`checkpoint ${path}`, wrong, () => readCheckpoint(bytes, key)) }))

/** Holds one against the roots that are known: of the archive's own checkpoints, and of the trees that end within the range. */
const holdKept = ({ path, size, root }, known, { first, end }, leads, report) => {
  if (size === undefined) return { file: path, size: null, verdict: 'refused' }
  const other = known.get(size)
  if (other?.equals(root)) return { file: path, size, verdict: 'same root' }
  if (other !== undefined) {
    const roots = `kept ${root.toString('base64')}, in this export ${other.toString('base64')}`
    report.wrong(`checkpoint ${path}: split view: the log's key has signed two roots for size ${size}: ${roots}`)
    return { file: path, size, verdict: 'split view' }
  }
  const isInside = first <= size && size <= end && first < end
  const unled = isInside && !leads
  const reason = unled
    ? 'the rows do not lead to checkpoint.note'
    : `its size ${size} is not within the range, ${first} to ${end}`
  const line = `checkpoint ${path}: could not be held against the export: ${reason}`
  if (unled) report.unchecked.push(line)
  else report.unheld.push(line)
  return { file: path, size, verdict: 'not held' }
}

// ---- Verdicts ----

const emptyReport = (path) => {
  const report = { path, failures: [], more: 0, unchecked: [], unheld: [], checkpoints: [], matched: 0, leads: false }
  report.wrong = (line) => {
    if (report.failures.length < SHOWN) report.failures.push(printable(line))
    else report.more += 1
  }
  return report
}

const chooseKey = (given, manifest) => {
  const own = readKey(manifest.log.key)
  if (own === undefined) throw new Refused(`manifest.json: log.key is not a verifier key: ${shown(manifest.log.key)}`)
  if (given !== undefined && given.key.text !== own.text) {
    throw new Refused(
      `manifest.json: log.key is ${shown(own.text)}, and the key that was given is ${shown(given.key.text)}`,
    )
  }
  return { key: own, from: given?.from }
}

const checkArchive = (source, { given, kept, onProgress }, report) => {
  const { wrong } = report
  const manifestFile = readSmall(source, 'manifest.json', LIMITS.manifestBytes)
  const manifest = placed('manifest.json', () => readManifest(manifestFile.bytes, wrong))
  report.manifest = manifest
  report.key = chooseKey(given, manifest)
  const { key } = report.key
  if (manifest.log.origin !== key.name)
    wrong(`manifest.json: log.origin is ${shown(manifest.log.origin)}, and the key's name ${shown(key.name)}`)
  checkManifest(manifest, wrong)

  const listed = new Map(manifest.files.map((file) => [file.name, file]))
  const compare = (name, { size, sha256 }) => {
    if (size !== listed.get(name).size)
      wrong(`${name}: has ${size} bytes, and the manifest says ${listed.get(name).size}`)
    else if (sha256 !== listed.get(name).sha256)
      wrong(`${name}: its SHA-256 is ${sha256}, and the manifest says ${listed.get(name).sha256}`)
  }
  const small = (name, read) => {
    const file = readSmall(source, name, LIMITS.smallFileBytes)
    if (listed.has(name)) compare(name, file)
    return attempt(name, wrong, () => read(file.bytes))
  }
  small('manifest.note', (bytes) => checkManifestNote(bytes, manifestFile.sha256, key))
  const checkpoint = small('checkpoint.note', (bytes) => readCheckpoint(bytes, key))
  const { range } = manifest
  if (checkpoint !== undefined && checkpoint.size !== range.size)
    wrong(`checkpoint.note: its size is ${checkpoint.size}, and range.size ${range.size}`)
  const start = listed.has('start.note') ? small('start.note', (bytes) => readCheckpoint(bytes, key)) : undefined
  if (start?.size === 0) wrong('start.note: is of no leaves, where no start.note belongs')
  if (start !== undefined && start.size > range.first)
    wrong(`start.note: its size ${start.size} is beyond the first index, ${range.first}`)
  const proofs = small('proofs.json', (bytes) => readProofs(bytes, wrong))
  const isStartUnread = listed.has('start.note') && start === undefined
  if (proofs !== undefined && checkpoint !== undefined && !isStartUnread)
    checkConsistency(start, checkpoint, proofs.consistency, wrong)
  const isSized = checkpoint?.size === range.size
  const proof = proofs !== undefined && isSized ? splitRangeProof(range, proofs.range, wrong) : undefined

  const checkpoints = readKept(kept, key, wrong)
  const rows = new Rows(manifest, proof?.left, new Set(checkpoints.map(({ size }) => size)), wrong)
  const cutter = lineCutter((line, number) => rows.line(line, number))
  const rowsBytes = readHeader(source, 'rows.jsonl')
  const rowsFile = readFile(source, 'rows.jsonl', rowsBytes, (chunk) => {
    cutter.push(chunk)
    onProgress(source.position / source.sizeBytes)
  })
  compare('rows.jsonl', rowsFile)
  if (cutter.heldBytes() > 0) wrong('rows.jsonl: its last line has no newline')
  const leads = checkRows(rows, manifest, checkpoint, proof, wrong)
  report.matched = rows.matched
  report.leads = leads

  const known = new Map(leads ? rows.roots : [])
  if (start !== undefined) known.set(start.size, start.root)
  if (checkpoint !== undefined) known.set(checkpoint.size, checkpoint.root)
  report.checkpoints = checkpoints.map((each) => holdKept(each, known, range, leads, report))
  for (const name of ['rows.csv', 'rows.parquet'].filter((each) => listed.has(each))) {
    compare(
      name,
      readFile(source, name, readHeader(source, name), () => onProgress(source.position / source.sizeBytes)),
    )
  }
  readEnd(source)
}

/**
 * Checks one archive; never throws. `key` is a verifier key or a file with it, `checkpoints` are files, `onProgress` is told the part read.
 * @param {string} path
 * @param {{ key?: string, checkpoints?: string[], onProgress?: (part: number) => void }} [options]
 * @returns {{ failures: string[], more: number, unchecked: string[], unheld: string[], verdict: string, code: number }}
 */
export const verifyExport = (path, { key, checkpoints = [], onProgress = () => {} } = {}) => {
  const report = emptyReport(path)
  let source
  try {
    const given = key === undefined ? undefined : readGivenKey(key)
    const kept = checkpoints.map((file) => ({ path: file, bytes: readWhole(file) }))
    source = new Source(path)
    checkArchive(source, { given, kept, onProgress }, report)
  } catch (error) {
    if (error instanceof Refused) report.wrong(error.message)
    else if (error instanceof Unchecked) report.unchecked.push(error.message)
    else report.unchecked.push(`this checker failed: ${error?.message}`)
  } finally {
    source?.close()
  }
  report.unchecked = report.unchecked.map(printable)
  report.unheld = report.unheld.map(printable)
  const isSilent = report.failures.length === 0 && report.unchecked.length === 0
  if (isSilent && !report.leads) report.unchecked.push('this checker failed: it came to no end')
  if (report.failures.length > 0) return { ...report, verdict: 'wrong', code: 1 }
  if (report.unchecked.length > 0) return { ...report, verdict: 'unchecked', code: 2 }
  if (report.unheld.length > 0) return { ...report, verdict: 'not_held', code: 4 }
  return report.matched > 0
    ? { ...report, verdict: 'holds', code: 0 }
    : { ...report, verdict: 'nothing_matches', code: 3 }
}

const readGivenKey = (argument) => {
  const key = readKey(argument)
  if (key !== undefined) return { key, from: 'the command line' }
  if (argument.includes('+') && !existsSync(argument)) throw new Unchecked(`--key: ${whyNoKey(argument)}`)
  const held = readKey(readWhole(argument).toString('utf8').trim())
  if (held === undefined) throw new Unchecked(`${argument}: is not a verifier key`)
  return { key: held, from: argument }
}

/** Of what was meant as a key and is none. */
const whyNoKey = (text) => {
  const [name = '', id = '', ...rest] = text.split('+')
  const raw = fromBase64(rest.join('+'))
  return name !== '' && raw?.length === 33 && raw[0] === ED25519
    ? `this is no verifier key: the id ${shown(id)} does not fit its name and public key, so that a character of it is wrong`
    : `this is no verifier key, which is <origin>+<8 hex digits>+<base64>: ${shown(text)}`
}

const headlines = {
  holds: 'VERIFIED: everything holds.',
  nothing_matches: 'VERIFIED: everything holds, and no row matches the query.',
  wrong: 'NOT VERIFIED: something is wrong. What the export says of itself is not to be relied on.',
  unchecked: 'NOT CHECKED.',
  not_held: 'VERIFIED, but not against every checkpoint that was given: everything in the export holds.',
}
const OWN_KEY = 'That is by the key that the export itself names: give --key from elsewhere to know whose it is.'
const differs = ({ expected, found, difference }) => expected !== found || difference !== 0

/** Which export it is: only its own claim where the verdict is not that it holds. */
const describeClaim = ({ log, id, made_at, software, query }) => {
  const filter = ['tenant', 'kind', 'subject']
    .filter((name) => query[name] !== null)
    .map((name) => `${name} ${shown(query[name])}`)
  return [
    `log             ${log.origin}`,
    `export          ${id}, made at ${made_at} by ${software}`,
    `period          from ${query.from} up to, and without, ${query.to} (${query.timezone})`,
    `query           ${filter.length > 0 ? filter.join(', ') : 'every row of the period'}`,
  ]
}

/** What the export has, in plain words, where everything in it holds. */
const describeHeld = ({ range, counts, completeness, withheld, reconciliation }) => {
  const kinds = Object.entries(counts.kinds).map(([kind, number]) => `${number} ${kind}`)
  const indices = withheld.length > SHOWN ? `${withheld.slice(0, SHOWN).join(', ')}, …` : withheld.join(', ')
  const proven = 'proven: every row of the range that matches is opened here, but for those withheld'
  const from = `not proven (${completeness.reason}): rows may match that are not opened here`
  return [
    `rows            ${counts.rows}, at ${range.first} up to, and without, ${range.end} of the ${range.size} leaves of the log; ${counts.within} within the period`,
    `opened          ${counts.opened}`,
    `by kind         ${kinds.length > 0 ? kinds.join(', ') : 'none'}`,
    `completeness    ${completeness.proven ? proven : from}`,
    `withheld        ${withheld.length === 0 ? 'none' : `${withheld.length} of restricted cases, at ${indices}`}`,
    ...reconciliation.map((item) => {
      const { name, what, expected, found, difference } = item
      return `reconciliation  ${differs(item) ? 'DIFFERS: ' : ''}${name}: ${what}: expected ${expected}, found ${found}, difference ${difference}`
    }),
  ]
}

const describeChecks = ({ checkpoints, key }) => {
  const own = `${key?.key.text}, taken from the export itself: this shows only that one key has signed all of it. Compare it with the log's`
  return [
    ...checkpoints.map(
      ({ file, size, verdict }) => `checkpoint      ${file}${size === null ? '' : `, size ${size}`}: ${verdict}`,
    ),
    ...(key === undefined
      ? []
      : [`key             ${key.from === undefined ? own : `${key.key.text}, given by ${key.from}`}`]),
  ]
}

/** What is wrong stands first; of an export that does not hold, no claim is told as if it did. */
const describe = (report) => {
  const { verdict, manifest, key } = report
  const holds = !['wrong', 'unchecked'].includes(verdict)
  const caveat = holds && key.from === undefined ? [OWN_KEY] : []
  const about =
    manifest === undefined
      ? []
      : [
          ...(holds ? [] : ['What it claims to be:']),
          ...describeClaim(manifest),
          ...(holds ? describeHeld(manifest) : []),
          ...describeChecks(report),
        ]
  return [headlines[verdict], ...caveat, ...describeFailures(report), ...about.map(printable)]
}

const describeFailures = ({ failures, more, unchecked, unheld }) => [
  ...failures.map((line) => `wrong: ${line}`),
  ...(more > 0 ? [`wrong: and ${more} more`] : []),
  ...unchecked.map((line) => `not checked: ${line}`),
  ...unheld.map((line) => `not held: ${line}`),
]

const asJson = (report) => {
  const { path, verdict, code, failures, more, unchecked, unheld, key, checkpoints, manifest = null } = report
  const summary = manifest && {
    ...manifest,
    files: undefined,
    withheld: undefined,
    withheld_rows: manifest.withheld.length,
  }
  const trusted = key === undefined ? null : { value: key.key.text, from: key.from ?? 'the export' }
  return JSON.stringify(
    { file: path, verdict, exit: code, failures, more, unchecked, unheld, key: trusted, checkpoints, export: summary },
    null,
    2,
  )
}

// ---- The command ----

const USAGE =
  'usage: node verify.mjs <archive.tar> [--key <verifier key, or a file with it>] [--checkpoint <file>]... [--json]'

const HELP = `${USAGE}

Checks an export of Darkroom's audit log, and asks no service.

  --key         the log's key, from elsewhere than the export: without it, only that one key signed all of it is shown
  --checkpoint  a checkpoint that you kept: it can be held against an export whose range its size lies in, or that has it itself
  --json        the report as one JSON document
  --help        this

Exit status: 0 everything holds; 1 something is wrong; 2 it could not be checked; 3 everything holds, and no row matches the query;
4 everything in the export holds, and a checkpoint that was given could not be held against it.`

const readArguments = (words) => {
  const options = { checkpoints: [], json: false, paths: [] }
  const rest = words.values()
  const valueAfter = (name) => {
    const { value } = rest.next()
    if (value === undefined) throw new Unchecked(`${name} needs a value`)
    return value
  }
  for (const word of rest) {
    if (word === '--json') options.json = true
    else if (word === '--checkpoint') options.checkpoints.push(valueAfter(word))
    else if (word === '--key' && options.key === undefined) options.key = valueAfter(word)
    else if (word.startsWith('-')) throw new Unchecked(`${word} is not an option, or is one too many`)
    else options.paths.push(word)
  }
  if (options.paths.length !== 1) throw new Unchecked(`one archive is expected, and ${options.paths.length} are named`)
  return options
}

const progressLine = () => {
  if (!process.stderr.isTTY) return { show: () => {}, clear: () => {} }
  let last = -1
  const show = (part) => {
    const percent = Math.floor(100 * part)
    if (!Number.isFinite(percent) || percent === last) return
    last = percent
    process.stderr.write(`\r${percent} % read`)
  }
  return { show, clear: () => process.stderr.write('\r\x1b[K') }
}

const main = (words) => {
  if (words.includes('--help') || words.includes('-h')) {
    process.stdout.write(`${HELP}\n`)
    return 0
  }
  let options
  try {
    options = readArguments(words)
  } catch (error) {
    if (!(error instanceof Unchecked)) throw error
    process.stderr.write(`${printable(error.message)}\n${USAGE}\n`)
    return 2
  }
  const progress = progressLine()
  const { key, checkpoints } = options
  const report = verifyExport(options.paths[0], { key, checkpoints, onProgress: progress.show })
  progress.clear()
  process.stdout.write(`${options.json ? asJson(report) : describe(report).join('\n')}\n`)
  return report.code
}

// A reader that has seen enough, as `head`, is no error of ours.
if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  process.stdout.on('error', () => {})
  process.exitCode = main(process.argv.slice(2))
}
