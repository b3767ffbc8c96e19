// Files broken on purpose, each the same for its seed: bits turned, parts cut, doubled, moved or spliced from another file, lengths that
// lie, and the surgery that each container is open to (PNG chunks with right checksums, JPEG segments, RIFF chunks, ISO boxes).
import { crc32 } from 'node:zlib'
import { seeded } from './pictures.ts'

type Random = () => number
type Part = { from: number; to: number }
type Mutation = (file: Buffer, random: Random, other: Buffer) => Buffer

const below = (random: Random, limit: number) => Math.floor(random() * Math.max(1, limit))

/** One to four mutations of a file; `other` is what is spliced in. */
export function mutate(file: Buffer, other: Buffer, seed: number): { bytes: Buffer; how: string } {
  const random = seeded(seed)
  let bytes: Buffer = Buffer.from(file)
  const how: string[] = []
  const names = Object.keys(MUTATIONS)
  for (let left = 1 + below(random, 4); left > 0; left--) {
    const name = names[below(random, names.length)] ?? ''
    const mutation = MUTATIONS[name]
    if (mutation === undefined || bytes.length === 0) continue
    bytes = mutation(bytes, random, other)
    how.push(name)
  }
  return { bytes, how: how.join(', ') }
}

const MUTATIONS: Readonly<Record<string, Mutation>> = {
  bits: (file, random) => {
    for (let left = 1 + below(random, 16); left > 0; left--) {
      const at = below(random, file.length)
      file[at] = (file[at] ?? 0) ^ (1 << below(random, 8))
    }
    return file
  },
  head: (file, random) => {
    const at = below(random, Math.min(64, file.length))
    file[at] = below(random, 256)
    return file
  },
  truncated: (file, random) => file.subarray(0, below(random, file.length)),
  zeroed: (file, random) => {
    const at = below(random, file.length)
    return Buffer.from(file.fill(0, at, Math.min(file.length, at + below(random, 400))))
  },
  length: (file, random) => {
    const lies = [0, 1, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, file.length, file.length * 2]
    const lie = (lies[below(random, lies.length)] ?? 0) >>> 0
    const part = partsOf(file)[below(random, partsOf(file).length)]
    const at = part === undefined ? below(random, file.length - 4) : lengthAt(file, part)
    if (at < 0 || at + 4 > file.length) return file
    if (kindOf(file) === 'webp') file.writeUInt32LE(lie, at)
    else if (kindOf(file) === 'jpeg') file.writeUInt16BE(lie & 0xffff, at)
    else file.writeUInt32BE(lie, at)
    return file
  },
  removed: (file, random) => withParts(file, (parts) => parts.toSpliced(below(random, parts.length), 1)),
  doubled: (file, random) =>
    withParts(file, (parts) => {
      const at = below(random, parts.length)
      const part = parts[at]
      return part === undefined ? parts : parts.toSpliced(at, 0, part)
    }),
  moved: (file, random) =>
    withParts(file, (parts) => {
      const [part] = parts.splice(below(random, parts.length), 1)
      return part === undefined ? parts : parts.toSpliced(below(random, parts.length), 0, part)
    }),
  spliced: (file, random, other) => {
    const theirs = partsOf(other)
    const part = theirs[below(random, theirs.length)]
    if (part === undefined || random() < 0.3) {
      const at = below(random, other.length)
      return Buffer.concat([file.subarray(0, below(random, file.length)), other.subarray(at)])
    }
    const bytes = other.subarray(part.from, part.to)
    return withParts(file, (parts) => parts.toSpliced(below(random, parts.length), 0, bytes))
  },
  inside: (file, random) => {
    const parts = partsOf(file)
    const part = parts[below(random, parts.length)]
    if (part === undefined || part.to - part.from < 10) return file
    const at = part.from + 8 + below(random, part.to - part.from - 8)
    file[Math.min(at, file.length - 1)] = below(random, 256)
    return kindOf(file) === 'png' ? checked(file, part) : file
  },
  appended: (file, random, other) => Buffer.concat([file, other.subarray(0, below(random, other.length))]),
}

type Kind = 'png' | 'jpeg' | 'webp' | 'boxes'

function kindOf(file: Buffer): Kind | null {
  if (file.toString('latin1', 1, 4) === 'PNG') return 'png'
  if (file[0] === 0xff && file[1] === 0xd8) return 'jpeg'
  if (file.toString('latin1', 8, 12) === 'WEBP') return 'webp'
  return file.toString('latin1', 4, 8) === 'ftyp' ? 'boxes' : null
}

/** The parts of a container, as far as their lengths can be followed. */
function partsOf(file: Buffer): Part[] {
  const kind = kindOf(file)
  const parts: Part[] = []
  let at = kind === 'png' ? 8 : kind === 'webp' ? 12 : kind === 'jpeg' ? 2 : 0
  while (kind !== null && at + 8 <= file.length && parts.length < 200) {
    if (kind === 'jpeg' && (file[at] !== 0xff || file[at + 1] === 0xda)) break
    const said = lengthOf(file, at, kind)
    if (said < 2) break
    const to = Math.min(file.length, at + said)
    parts.push({ from: at, to })
    at = to
  }
  return at < file.length && parts.length > 0 ? [...parts, { from: at, to: file.length }] : parts
}

function lengthOf(file: Buffer, at: number, kind: Kind): number {
  if (kind === 'png') return file.readUInt32BE(at) + 12
  if (kind === 'jpeg') return file.readUInt16BE(at + 2) + 2
  if (kind === 'boxes') return file.readUInt32BE(at)
  const length = file.readUInt32LE(at + 4)
  return 8 + length + (length % 2)
}

function lengthAt(file: Buffer, { from }: Part): number {
  const kind = kindOf(file)
  return kind === 'jpeg' ? from + 2 : kind === 'webp' ? from + 4 : from
}

/** Puts the parts together in another way, behind the same beginning. */
function withParts(file: Buffer, change: (parts: Buffer[]) => Buffer[]): Buffer {
  const parts = partsOf(file)
  const begin = parts[0]?.from ?? file.length
  const bytes = parts.map(({ from, to }) => file.subarray(from, to))
  return Buffer.concat([file.subarray(0, begin), ...change(bytes)])
}

/** A PNG's chunk with its checksum put right, so that what is in it is read. */
function checked(file: Buffer, { from, to }: Part): Buffer {
  if (to - from >= 12) file.writeUInt32BE(crc32(file.subarray(from + 4, to - 4)), to - 4)
  return file
}
