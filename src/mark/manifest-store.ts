// Takes the C2PA manifest store out of a released file, byte for byte, for those who lost it. Only files of our own making are read
// here: PNG (chunk caBX), JPEG (APP11 segments, ISO 19566-5 annex) and WebP (RIFF chunk C2PA), as the C2PA specification embeds them.

/** Null: the file carries none. */
export function manifestStoreOf(file: Buffer): Buffer | null {
  if (file.subarray(1, 4).toString('latin1') === 'PNG') return pngStore(file)
  if (file.readUInt16BE(0) === 0xffd8) return jpegStore(file)
  if (file.subarray(8, 12).toString('latin1') === 'WEBP') return webpStore(file)
  return null
}

function pngStore(file: Buffer): Buffer | null {
  for (let at = 8; at + 12 <= file.length; ) {
    const length = file.readUInt32BE(at)
    if (file.toString('latin1', at + 4, at + 8) === 'caBX') return file.subarray(at + 8, at + 8 + length)
    at += 12 + length
  }
  return null
}

function webpStore(file: Buffer): Buffer | null {
  for (let at = 12; at + 8 <= file.length; ) {
    const length = file.readUInt32LE(at + 4)
    if (file.toString('latin1', at, at + 4) === 'C2PA') return file.subarray(at + 8, at + 8 + length)
    at += 8 + length + (length % 2)
  }
  return null
}

/** Each segment: marker, length, 'JP', box instance, sequence number, then the box's head, which every segment repeats. */
function jpegStore(file: Buffer): Buffer | null {
  const parts: Buffer[] = []
  for (let at = 2; at + 4 <= file.length && file[at] === 0xff; ) {
    const marker = file[at + 1]
    // Start of scan: the pixels follow.
    if (marker === 0xda) break
    const length = file.readUInt16BE(at + 2)
    const segment = file.subarray(at + 4, at + 2 + length)
    if (marker === 0xeb && segment.toString('latin1', 0, 2) === 'JP')
      parts.push(segment.subarray(parts.length === 0 ? 8 : 16))
    at += 2 + length
  }
  return parts.length === 0 ? null : Buffer.concat(parts)
}
