// Signed notes for archives that tests make: keys from a seed, so that every archive is the same in every run.

import { createPrivateKey, createPublicKey, sign } from 'node:crypto'
import { sha256 } from './trees.ts'

export interface Signer {
  origin: string
  /** Its verifier key. */
  text: string
  note(text: string): string
}

/** An Ed25519 private key's PKCS #8 (RFC 8410) up to its 32 bytes. */
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex')

export const signerOf = (origin: string, seed: string): Signer => {
  const key = createPrivateKey({ key: Buffer.concat([PKCS8, sha256(seed)]), format: 'der', type: 'pkcs8' })
  const raw = createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(-32)
  const typed = Buffer.concat([Buffer.of(1), raw])
  const id = sha256(origin, '\n', typed).subarray(0, 4)
  const note = (text: string): string => {
    const blob = Buffer.concat([id, sign(null, Buffer.from(text), key)])
    return `${text}\n— ${origin} ${blob.toString('base64')}\n`
  }
  return { origin, text: `${origin}+${id.toString('hex')}+${typed.toString('base64')}`, note }
}

export const checkpointOf = (signer: Signer, size: number, root: Buffer): string =>
  signer.note(`${signer.origin}\n${size}\n${root.toString('base64')}\n`)
