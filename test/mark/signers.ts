// What the suites of signers share: a picture to sign, how to sign it, and openssl, without which none of them can run.

import type { Signer } from '../../src/mark/signer.ts'
import { cartoon, imageOf } from './pictures.ts'

export const MANIFEST = {
  claim_generator_info: [{ name: 'Test' }],
  title: 'test',
  format: 'image/png',
  assertions: [
    {
      label: 'c2pa.actions.v2',
      created: true,
      data: { actions: [{ action: 'c2pa.created', digitalSourceType: 'http://c2pa.org/digitalsourcetype/empty' }] },
    },
  ],
}

export async function picture(): Promise<Buffer> {
  return imageOf(await cartoon(7))
    .png()
    .toBuffer()
}

export async function signed(signer: Signer) {
  return signer.sign(await picture(), 'image/png', MANIFEST)
}

/** State and problems, as a reader with that trust has them. */
export async function readBy(reader: Pick<Signer, 'read'>, bytes: Buffer) {
  const reading = await reader.read(bytes, 'image/png')
  if (!reading.found) throw new Error('there is a manifest')
  return reading
}
