// Which files a picture library is let near: those that begin as a raster picture does. A drawing (SVG, also compressed) is a program
// of its own that only a parser could bound, so it is told apart before any parser sees it.

/** Whether a file begins as PNG, JPEG, WebP, GIF, TIFF or one of the HEIF family does. It may still be none. */
export function looksLikePicture(bytes: Uint8Array): boolean {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 12)).toString('latin1')
  if (head.startsWith('RIFF')) return head.slice(8) === 'WEBP'
  return SIGNATURES.some((signature) => head.startsWith(signature)) || head.slice(4, 8) === 'ftyp'
}

const SIGNATURES = ['\x89PNG\r\n\x1a\n', '\xff\xd8\xff', 'GIF8', 'II*\0', 'MM\0*', 'II+\0', 'MM\0+']
