// The tar of an export as its specification has it, for archives that tests make.

const fieldsOf = (name: string, size: number, checksum: string): string =>
  [
    name.padEnd(100, '\0'),
    '0000644\0',
    '0000000\0'.repeat(2),
    `${size.toString(8).padStart(11, '0')}\0`,
    '00000000000\0',
    checksum,
    '0',
    '\0'.repeat(100),
    'ustar\0',
    '00',
    '\0'.repeat(64),
    '0000000\0'.repeat(2),
    '\0'.repeat(155 + 12),
  ].join('')

export const headerOf = (name: string, size: number): Buffer => {
  const blank = Buffer.from(fieldsOf(name, size, ' '.repeat(8)), 'latin1')
  const sum = blank.reduce((total, byte) => total + byte, 0)
  return Buffer.from(fieldsOf(name, size, `${sum.toString(8).padStart(6, '0')}\0 `), 'latin1')
}

export const tarOf = (files: ReadonlyMap<string, Buffer>): Buffer => {
  const blocks: Buffer[] = []
  for (const [name, bytes] of files) {
    blocks.push(headerOf(name, bytes.length), bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512))
  }
  return Buffer.concat([...blocks, Buffer.alloc(1024)])
}
