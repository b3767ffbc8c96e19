// Ed25519 keys for the notes of tests, each from its own seed, so that a failure can be had again. Witnesses sign as
// https://c2sp.org/tlog-cosignature has it, by code of its own: the service only reads what they sign.
import { logKeyOf, signerOf, verifierOf } from '../../src/audit/log-keys.ts'
import { keyId, type Signer, type VerifierKey } from '../../src/audit/note.ts'

export interface TestSigner {
  signer: Signer
  key: VerifierKey
}

export const noteSigner = (name: string, seed = Buffer.alloc(32, name)): TestSigner => {
  const pair = logKeyOf(seed)
  return { key: verifierOf(pair, name), signer: signerOf(pair, name) }
}

/** `sign` answers 64 bytes of Ed25519 for what it is given. */
export const cosigner = (
  { name, publicKey }: Pick<VerifierKey, 'name' | 'publicKey'>,
  sign: Signer['sign'],
  timeSeconds: number,
): Signer => ({
  name,
  keyId: keyId(name, 'cosignature/v1', publicKey),
  sign: async (message) => {
    const time = Buffer.alloc(8)
    time.writeBigUInt64BE(BigInt(timeSeconds))
    return Buffer.concat([time, await sign(Buffer.from(`cosignature/v1\ntime ${timeSeconds}\n${message}`))])
  },
})

export const witnessSigner = (name: string, timeSeconds: number, seed = Buffer.alloc(32, name)): TestSigner => {
  const { publicKey, sign } = logKeyOf(seed)
  return {
    key: { name, type: 'cosignature/v1', publicKey },
    signer: cosigner({ name, publicKey }, sign, timeSeconds),
  }
}
