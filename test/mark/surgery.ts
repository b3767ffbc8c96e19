// Files taken apart and put together again, so that they are well formed where a test does not want otherwise.
import { crc32 } from 'node:zlib'

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value >>> 0)
  return bytes
}

/** One chunk of a PNG, with its checksum. */
export function pngChunk(type: string, payload: Buffer): Buffer {
  const typed = Buffer.concat([Buffer.from(type, 'latin1'), payload])
  return Buffer.concat([uint32(payload.length), typed, uint32(crc32(typed))])
}

/** The PNG with one more chunk before its end. */
export function withPngChunk(png: Buffer, type: string, payload: Buffer): Buffer {
  const end = png.length - 12
  return Buffer.concat([png.subarray(0, end), pngChunk(type, payload), png.subarray(end)])
}

/** The PNG with another size in its head. */
export function withPngSize(png: Buffer, width: number, height: number): Buffer {
  const head = Buffer.concat([uint32(width), uint32(height), png.subarray(24, 29)])
  return Buffer.concat([png.subarray(0, 8), pngChunk('IHDR', head), png.subarray(33)])
}
