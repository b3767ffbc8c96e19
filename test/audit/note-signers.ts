// Ed25519 keys for the notes of tests, each from its own seed, so that a failure can be had again.
import { createPrivateKey, createPublicKey, sign } from 'node:crypto'
import { cosigner, keyId, type Signer, type VerifierKey } from '../../src/audit/note.ts'

export interface TestSigner {
  signer: Signer
  key: VerifierKey
}

// RFC 8410: what precedes the 32 bytes of a private key in PKCS #8, and of a public key in SPKI.
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex')
const SPKI_BYTES = 12

const pairOf = (seed: Buffer) => {
  const secret = createPrivateKey({ key: Buffer.concat([PKCS8, seed]), format: 'der', type: 'pkcs8' })
  const publicKey = createPublicKey(secret).export({ format: 'der', type: 'spki' }).subarray(SPKI_BYTES)
  return { publicKey, sign: async (message: Buffer) => sign(null, message, secret) }
}

export const noteSigner = (name: string, seed = Buffer.alloc(32, name)): TestSigner => {
  const { publicKey, sign } = pairOf(seed)
  const key: VerifierKey = { name, type: 'ed25519', publicKey }
  return { key, signer: { name, keyId: keyId(name, key.type, publicKey), sign } }
}

export const witnessSigner = (name: string, timeSeconds: number, seed = Buffer.alloc(32, name)): TestSigner => {
  const { publicKey, sign } = pairOf(seed)
  return {
    key: { name, type: 'cosignature/v1', publicKey },
    signer: cosigner({ name, publicKey }, sign, () => timeSeconds),
  }
}
