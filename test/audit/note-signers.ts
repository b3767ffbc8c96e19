// Ed25519 keys for the notes of tests, each from its own seed, so that a failure can be had again.
import { logKeyOf, signerOf, verifierOf } from '../../src/audit/log-keys.ts'
import { cosigner, type Signer, type VerifierKey } from '../../src/audit/note.ts'

export interface TestSigner {
  signer: Signer
  key: VerifierKey
}

export const noteSigner = (name: string, seed = Buffer.alloc(32, name)): TestSigner => {
  const pair = logKeyOf(seed)
  return { key: verifierOf(pair, name), signer: signerOf(pair, name) }
}

export const witnessSigner = (name: string, timeSeconds: number, seed = Buffer.alloc(32, name)): TestSigner => {
  const { publicKey, sign } = logKeyOf(seed)
  return {
    key: { name, type: 'cosignature/v1', publicKey },
    signer: cosigner({ name, publicKey }, sign, () => timeSeconds),
  }
}
