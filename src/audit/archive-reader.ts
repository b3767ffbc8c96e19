// Reads an archive as it comes, in bounded memory, and refuses every byte that does not follow from the names and sizes of its files.
// What it yields must be read before the next file is asked for.
import { createHash } from 'node:crypto'
import { BLOCK_BYTES, END_BYTES, paddingOf, readHeader, tarHeader } from './archive.ts'

/** Why an archive cannot be read on; the message says where. `unchecked`: nobody can say that it is wrong, as where it is no archive of ours. */
export class ArchiveError extends Error {
  readonly unchecked: boolean

  constructor(message: string, unchecked = false) {
    super(message)
    this.name = 'ArchiveError'
    this.unchecked = unchecked
  }
}

export type ArchiveFile = {
  readonly name: string
  readonly size: number
  /** The bytes, once. */
  readonly chunks: () => AsyncGenerator<Buffer>
  /** Of what was read of it. */
  readonly digest: () => string
}

/** The files of an archive, in order. Throws ArchiveError; whatever `source` throws. */
export async function* readArchive(source: AsyncIterable<Uint8Array>): AsyncGenerator<ArchiveFile> {
  const bytes = openBytes(source)
  for (let count = 0; ; count++) {
    const header = await bytes.take(BLOCK_BYTES)
    if (header.length < BLOCK_BYTES)
      throw new ArchiveError(
        count === 0
          ? 'the file is too short to be an archive'
          : `the archive is truncated at byte ${bytes.at()}: a header or its end is missing`,
        count === 0,
      )
    if (header.every((byte) => byte === 0) && count > 0) return await readEnd(bytes)
    const file = openFile(header, count, bytes)
    yield file
    // Whoever asked for it may not have read it.
    for await (const _ of file.chunks());
    const padding = await bytes.take(paddingOf(file.size))
    if (padding.length < paddingOf(file.size)) throw new ArchiveError(`the archive is truncated after ${file.name}`)
    if (padding.some((byte) => byte !== 0)) throw new ArchiveError(`the padding after ${file.name} is not zeros`)
  }
}

/** All of a small file. Throws ArchiveError where it is larger than `most`. */
export async function readWhole({ name, size, chunks }: ArchiveFile, most: number): Promise<Buffer> {
  if (size > most) throw new ArchiveError(`${name} has ${size} bytes; no more than ${most} are read`, true)
  const read: Buffer[] = []
  for await (const chunk of chunks()) read.push(chunk)
  return Buffer.concat(read)
}

/** The lines of a file without their newlines. Throws ArchiveError for a longer one than `most`, and for a last one without its newline. */
export async function* readLines({ name, chunks }: ArchiveFile, most: number): AsyncGenerator<Buffer> {
  let open: Buffer[] = []
  let [openBytes, line] = [0, 1]
  const demandRoom = (bytes: number) => {
    if (openBytes + bytes > most)
      throw new ArchiveError(`${name}, line ${line}: no more than ${most} bytes of a line are read`, true)
  }
  for await (const chunk of chunks()) {
    let start = 0
    for (let end = chunk.indexOf(0x0a); end >= 0; end = chunk.indexOf(0x0a, start)) {
      const rest = chunk.subarray(start, end)
      demandRoom(rest.length)
      yield openBytes === 0 ? rest : Buffer.concat([...open, rest])
      ;[open, openBytes, start] = [[], 0, end + 1]
      line += 1
    }
    const tail = chunk.subarray(start)
    demandRoom(tail.length)
    if (tail.length > 0) open.push(tail)
    openBytes += tail.length
  }
  if (openBytes > 0) throw new ArchiveError(`${name}, line ${line}: the last line does not end in a newline`)
}

function openFile(header: Buffer, count: number, bytes: Bytes): ArchiveFile {
  const place = `the header at byte ${bytes.at() - BLOCK_BYTES}`
  const said = readHeader(header)
  if (said === null) throw new ArchiveError(`${place} is none of a file of an export`, count === 0)
  if (!tarHeader(said.name, said.size).equals(header))
    throw new ArchiveError(`${place}, of ${said.name}, is not the one that follows from its name and size`)
  const { name, size } = said
  const hash = createHash('sha256')
  let left = size
  return {
    name,
    size,
    chunks: async function* () {
      while (left > 0) {
        const chunk = await bytes.some(left)
        if (chunk.length === 0)
          throw new ArchiveError(`the archive is truncated in ${name}: ${left} of its ${size} bytes are missing`)
        left -= chunk.length
        hash.update(chunk)
        yield chunk
      }
    },
    digest: () => hash.copy().digest('hex'),
  }
}

async function readEnd(bytes: Bytes): Promise<void> {
  const end = await bytes.take(END_BYTES - BLOCK_BYTES)
  if (end.length < END_BYTES - BLOCK_BYTES) throw new ArchiveError('the archive is truncated in its last two blocks')
  if (end.some((byte) => byte !== 0)) throw new ArchiveError('the last two blocks of the archive are not zeros')
  if ((await bytes.some(1)).length > 0)
    throw new ArchiveError(`bytes follow the end of the archive at ${bytes.at() - 1}`)
}

type Bytes = {
  /** Up to `most` bytes; none at the end. */
  some: (most: number) => Promise<Buffer>
  /** That many, or fewer at the end. */
  take: (count: number) => Promise<Buffer>
  at: () => number
}

function openBytes(source: AsyncIterable<Uint8Array>): Bytes {
  const chunks = source[Symbol.asyncIterator]()
  let rest: Buffer = Buffer.alloc(0)
  let at = 0
  const some = async (most: number): Promise<Buffer> => {
    while (rest.length === 0) {
      const { done, value } = await chunks.next()
      if (done === true) return Buffer.alloc(0)
      rest = Buffer.from(value.buffer, value.byteOffset, value.length)
    }
    const chunk = rest.subarray(0, most)
    rest = rest.subarray(chunk.length)
    at += chunk.length
    return chunk
  }
  return {
    some,
    take: async (count) => {
      const parts: Buffer[] = []
      for (let left = count; left > 0; ) {
        const chunk = await some(left)
        if (chunk.length === 0) break
        parts.push(chunk)
        left -= chunk.length
      }
      return Buffer.concat(parts)
    },
    at: () => at,
  }
}
