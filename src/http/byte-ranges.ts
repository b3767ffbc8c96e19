// One range of bytes of an answer, as RFC 9110 section 14 has it, so that a download goes on where it broke off. A header that is not one
// range is no range: the whole is sent.

export type Stretch = { readonly start: number; readonly end: number; readonly partial: boolean }

const ONE = /^bytes=(\d{0,15})-(\d{0,15})$/

/** Bytes [start, end) to send; null where the range lies beyond the end. `ifRange`: a tag that must be the content's, or the whole is sent. */
export function stretchOf(
  { range, ifRange }: { range: string | undefined; ifRange: string | undefined },
  { tag, sizeBytes }: { tag: string; sizeBytes: number },
): Stretch | null {
  const whole = { start: 0, end: sizeBytes, partial: false }
  const [, first = '', last = ''] = ONE.exec(range ?? '') ?? []
  const backwards = first !== '' && last !== '' && Number(last) < Number(first)
  if ((first === '' && last === '') || backwards || (ifRange !== undefined && ifRange !== tag)) return whole
  const start = first === '' ? Math.max(0, sizeBytes - Number(last)) : Number(first)
  const end = first === '' || last === '' ? sizeBytes : Math.min(sizeBytes, Number(last) + 1)
  return start < end ? { start, end, partial: true } : null
}
