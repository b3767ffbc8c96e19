// SentencePiece's precompiled character map: a Darts-clone double array from UTF-8 to offsets into NUL-ended replacements.
// Applied as the `tokenizers` library's Precompiled does: to a grapheme of fewer than six bytes as a whole, of which the
// shortest mapped beginning counts and the rest is dropped; otherwise to each character. Made by hand from the format's
// description in sentencepiece src/normalizer.cc; no part of the map is trusted to be in bounds.

/** The map's function on texts, or null where the bytes are no map. */
export function openCharsmap(bytes: Uint8Array): ((text: string) => string) | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const trieBytes = bytes.length < 4 ? -1 : view.getUint32(0, true)
  if (trieBytes < 4 || trieBytes % 4 !== 0 || 4 + trieBytes > bytes.length) return null
  const units = Uint32Array.from({ length: trieBytes / 4 }, (_, i) => view.getUint32(4 + 4 * i, true))
  const texts = bytes.subarray(4 + trieBytes)
  const known = new Map<string, string | null>()
  const mapped = (part: string): string | null => {
    const cached = known.get(part)
    if (cached !== undefined) return cached
    const offset = shortestMatch(units, new TextEncoder().encode(part))
    const end = offset === null ? -1 : texts.indexOf(0, offset)
    const found =
      offset === null || offset > texts.length
        ? null
        : new TextDecoder().decode(texts.subarray(offset, end < 0 ? texts.length : end))
    if (known.size < MOST_KNOWN) known.set(part, found)
    return found
  }
  return (text) => {
    let out = ''
    for (const { segment } of GRAPHEMES.segment(text)) {
      const whole = segment.length < 6 && Buffer.byteLength(segment) < 6 ? mapped(segment) : null
      if (whole === null) for (const character of segment) out += mapped(character) ?? character
      else out += whole
    }
    return out
  }
}

const GRAPHEMES = new Intl.Segmenter('und', { granularity: 'grapheme' })
const MOST_KNOWN = 20_000

/** The value of the shortest key that `key` begins with. Units: Yata's darts-clone, `DoubleArrayUnit`. */
function shortestMatch(units: Uint32Array, key: Uint8Array): number | null {
  const offsetOf = (unit: number) => (unit >>> 10) << ((unit & 0x200) >>> 6)
  let at = offsetOf(units[0] ?? 0)
  for (const byte of key) {
    at ^= byte
    const unit = units[at]
    if (unit === undefined || (unit & 0x800000ff) >>> 0 !== byte) return null
    at ^= offsetOf(unit)
    if ((unit & 0x100) !== 0) return (units[at] ?? 0) & 0x7fffffff
  }
  return null
}
