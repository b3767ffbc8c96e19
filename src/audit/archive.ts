// The archive of an export as a file: a POSIX tar (ustar) of which each byte follows from the names and sizes of its files, so that an
// archive has one spelling and a reader refuses every other. docs/audit-format.md says it byte by byte.

export const BLOCK_BYTES = 512
/** Two blocks of zeros, after which nothing follows. */
export const END_BYTES = 2 * BLOCK_BYTES

const MOST_NAME_BYTES = 100
const NAME = /^[a-z]+\.[a-z]+$/
/** Above it the size is eleven bytes, big-endian, behind the byte 80. */
const MOST_OCTAL_SIZE = 0o77777777777

/** The one header of a file. Throws a RangeError for a name or size that no archive of ours has. */
export function tarHeader(name: string, size: number): Buffer {
  if (!NAME.test(name) || name.length > MOST_NAME_BYTES) throw new RangeError(`no file of an archive is called ${name}`)
  if (!Number.isSafeInteger(size) || size < 0) throw new RangeError(`no file has ${size} bytes`)
  const header = Buffer.alloc(BLOCK_BYTES)
  header.write(name, 0)
  header.write('0000644\0', 100)
  header.write('0000000\0', 108)
  header.write('0000000\0', 116)
  writeSize(header, size)
  header.write('00000000000\0', 136)
  header.write('        ', 148)
  header.write('0', 156)
  header.write('ustar\x0000', 257)
  header.write('0000000\0', 329)
  header.write('0000000\0', 337)
  const sum = header.reduce((total, byte) => total + byte, 0)
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return header
}

/** Zeros after a file of that size. */
export function paddingOf(size: number): number {
  return (BLOCK_BYTES - (size % BLOCK_BYTES)) % BLOCK_BYTES
}

/** Of the whole archive of files of these sizes. */
export function archiveBytes(sizes: readonly number[]): number {
  return sizes.reduce((total, size) => total + BLOCK_BYTES + size + paddingOf(size), END_BYTES)
}

/** What a header says before it is compared with the one that follows from that; null when it says nothing. */
export function readHeader(header: Buffer): { name: string; size: number } | null {
  const end = header.indexOf(0)
  const name = header.toString('latin1', 0, end < 0 || end > MOST_NAME_BYTES ? MOST_NAME_BYTES : end)
  const size = readSize(header)
  return size === null || !NAME.test(name) ? null : { name, size }
}

function writeSize(header: Buffer, size: number): void {
  if (size <= MOST_OCTAL_SIZE) header.write(`${size.toString(8).padStart(11, '0')}\0`, 124)
  else {
    header.writeUInt8(0x80, 124)
    header.writeBigUInt64BE(BigInt(size), 128)
  }
}

function readSize(header: Buffer): number | null {
  const large = header.readUInt8(124) === 0x80
  const digits = header.toString('latin1', 124, 135)
  const size = large
    ? Number(header.readBigUInt64BE(128))
    : /^[0-7]{11}$/.test(digits)
      ? Number.parseInt(digits, 8)
      : Number.NaN
  return Number.isSafeInteger(size) ? size : null
}
