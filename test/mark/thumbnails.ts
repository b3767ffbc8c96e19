// A picture as other programs sign it: with a thumbnail of it in its manifest, and one of what it was made from.
import assert from 'node:assert/strict'
import { Builder, CallbackSigner } from '@contentauth/c2pa-node'
import { openDevelopmentChain } from '../../src/mark/development-ca.ts'
import { pemKey } from '../../src/mark/signers/pem.ts'

/** PNG; `home` keeps who signs it. */
export async function signedWithThumbnail(home: string, bytes: Buffer, parent: Buffer): Promise<Buffer> {
  const { chain, key } = await openDevelopmentChain({ home }, 'Somebody else')
  const use = pemKey(key)
  const actions = [{ action: 'c2pa.opened', parameters: { ingredientIds: ['before'] } }]
  const builder = Builder.withJson(
    {
      claim_generator_info: [{ name: 'another' }],
      title: 'private',
      format: 'image/png',
      assertions: [{ label: 'c2pa.actions.v2', created: true, data: { actions } }],
    },
    { builder: { thumbnail: { enabled: true } }, verify: { verify_trust: false } },
  )
  await builder.addIngredient(
    JSON.stringify({ title: 'before', format: 'image/png', relationship: 'parentOf', label: 'before' }),
    { buffer: parent, mimeType: 'image/png' },
  )
  const out: { buffer: Buffer | null } = { buffer: null }
  const certificates = { certs: [Buffer.from(chain)], reserveSize: 8000, directCoseHandling: false }
  const by = CallbackSigner.newSigner({ alg: use.algorithm, ...certificates }, (signed) => use.sign(signed))
  await builder.signAsync(by, { buffer: bytes, mimeType: 'image/png' }, out)
  assert.ok(out.buffer !== null)
  return out.buffer
}
