// Reads the value of our soft binding back: manifest.ts writes it.

const VALUE = /^(\d{1,9})\.([0-9a-f]{1,12})$/

/** As a manifest has it, or that in base64, as the resolution API wants it; null when it is neither. */
export function readBinding(value: string): { epoch: number; markId: number } | null {
  const match = VALUE.exec(value) ?? VALUE.exec(Buffer.from(value, 'base64').toString('latin1'))
  if (match === null) return null
  const [, epoch = '', markId = ''] = match
  return { epoch: Number(epoch), markId: Number.parseInt(markId, 16) }
}
