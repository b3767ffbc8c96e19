// The only file that speaks to @contentauth/c2pa-node: signs manifests into files and reads them back.
// Private keys stay behind `signDigestInput`, a callback that a KMS can stand in for; nothing here logs or returns them.
// Only 'Trusted' is trusted: 'Valid' is an intact signature by somebody else.
import { constants, createPrivateKey, type KeyObject, sign as nodeSign, randomUUID } from 'node:crypto'
import { Builder, CallbackSigner, Reader } from '@contentauth/c2pa-node'
import { Fault, isFault } from '../kernel/fault.ts'
import type { SecretPlace } from '../kernel/secret-files.ts'
import { openDevelopmentChain } from './development-ca.ts'
import { encodePicture } from './encode.ts'
import {
  ingredientFor,
  type ManifestDefinition,
  type ManifestReading,
  type Parent,
  parseManifestStore,
} from './manifest.ts'

export type SigningAlgorithm = 'es256' | 'es384' | 'es512' | 'ps256' | 'ed25519'

/** What an operator supplies: certificates in PEM, leaf first and without the root, and a key or a way to use one. */
export type OperatorSigner = {
  chainPem: string
  anchorPem: string
} & (
  | { keyPem: string }
  /** For a KMS: signs the bytes (not a digest) and returns the raw signature, r‖s for ECDSA. */
  | { algorithm: SigningAlgorithm; sign: (bytes: Buffer) => Promise<Buffer> }
)

export type Signer = {
  readonly kind: 'development' | 'operator'
  /** PEM of the root that this deployment trusts. Public. */
  readonly anchorPem: string
  /** Embeds a signed manifest, beside the one of the parent. Throws Fault 'signer_failed' (retry later). */
  sign(
    bytes: Buffer,
    mimeType: string,
    manifest: ManifestDefinition,
    parent?: Parent | null,
  ): Promise<{ bytes: Buffer; manifest: Buffer }>
  /** Reads the active manifest of a file; never fetches anything. An unreadable manifest is found and 'Invalid'. */
  read(bytes: Buffer, mimeType: string): Promise<ManifestReading>
}

/**
 * Opens the deployment's signer: the operator's, or a development CA kept with the deployment's secrets and made on first use.
 * Signs and reads back a small picture before it returns. Throws Fault 'signer_failed' with what the reader objected to.
 */
export async function openSigner(
  options: SecretPlace & { operator?: OperatorSigner; organization?: string },
): Promise<Signer> {
  const { operator } = options
  const signer =
    operator === undefined
      ? await developmentSigner(options, options.organization ?? 'Darkroom')
      : makeSigner('operator', operator.chainPem, operator.anchorPem, callbackOf(operator))
  await proveSigner(signer)
  return signer
}

async function developmentSigner(place: SecretPlace, organization: string): Promise<Signer> {
  const { chain, key, anchor } = await openDevelopmentChain(place, organization)
  return makeSigner('development', chain, anchor, callbackOf({ chainPem: chain, anchorPem: anchor, keyPem: key }))
}

type Callback = { algorithm: SigningAlgorithm; sign: (bytes: Buffer) => Promise<Buffer> }

function callbackOf(operator: OperatorSigner): Callback {
  if ('sign' in operator) return { algorithm: operator.algorithm, sign: operator.sign }
  let key: KeyObject
  try {
    key = createPrivateKey(operator.keyPem)
  } catch {
    throw new Fault('signer_failed', { detail: 'The signing key is not an unencrypted PEM private key.' })
  }
  const algorithm = algorithmOf(key)
  return { algorithm, sign: async (bytes) => signWith(key, algorithm, bytes) }
}

function algorithmOf(key: KeyObject): SigningAlgorithm {
  if (key.asymmetricKeyType === 'ed25519') return 'ed25519'
  if (key.asymmetricKeyType === 'rsa' || key.asymmetricKeyType === 'rsa-pss') return 'ps256'
  switch (key.asymmetricKeyDetails?.namedCurve) {
    case 'prime256v1':
      return 'es256'
    case 'secp384r1':
      return 'es384'
    case 'secp521r1':
      return 'es512'
    default:
      throw new Fault('signer_failed', { detail: 'The signing key is none of P-256, P-384, P-521, RSA and Ed25519.' })
  }
}

function signWith(key: KeyObject, algorithm: SigningAlgorithm, bytes: Buffer): Buffer {
  switch (algorithm) {
    case 'es256':
      return nodeSign('sha256', bytes, { key, dsaEncoding: 'ieee-p1363' })
    case 'es384':
      return nodeSign('sha384', bytes, { key, dsaEncoding: 'ieee-p1363' })
    case 'es512':
      return nodeSign('sha512', bytes, { key, dsaEncoding: 'ieee-p1363' })
    case 'ps256':
      return nodeSign('sha256', bytes, {
        key,
        padding: constants.RSA_PKCS1_PSS_PADDING,
        saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
      })
    case 'ed25519':
      return nodeSign(null, bytes, key)
    default:
      return algorithm satisfies never
  }
}

function makeSigner(kind: Signer['kind'], chainPem: string, anchorPem: string, callback: Callback): Signer {
  const settings = settingsFor(anchorPem)
  const reserveSize = 2048 + chainPem.length
  return {
    kind,
    anchorPem,
    async sign(bytes, mimeType, manifest, parent = null) {
      try {
        const out: { buffer: Buffer | null } = { buffer: null }
        const signer = CallbackSigner.newSigner(
          { alg: callback.algorithm, certs: [Buffer.from(chainPem)], reserveSize, directCoseHandling: false },
          callback.sign,
        )
        const builder = Builder.withJson(manifest, settings)
        if (parent !== null) await addParent(builder, parent, mimeType)
        const stored = await builder.signAsync(signer, { buffer: bytes, mimeType }, out)
        if (out.buffer === null) throw new Error('the library returned no file')
        return { bytes: out.buffer, manifest: stored }
      } catch (cause) {
        throw new Fault('signer_failed', { retry: 'later', cause, detail: 'The manifest could not be signed.' })
      }
    },
    read: (bytes, mimeType) => readManifest(bytes, mimeType, anchorPem),
  }
}

/**
 * As Signer.read, without keys. The library is native code that a file can end together with its process: workers/manifests.ts
 * reads what strangers hand in elsewhere.
 */
export async function readManifest(bytes: Buffer, mimeType: string, anchorPem: string): Promise<ManifestReading> {
  try {
    const reader = await Reader.fromAsset({ buffer: bytes, mimeType }, settingsFor(anchorPem))
    return reader === null ? { found: false, elsewhere: false } : parseManifestStore(reader.json())
  } catch (cause) {
    return unreadableManifest(cause)
  }
}

function settingsFor(anchorPem: string) {
  // Keys are snake_case: the library ignores any other spelling in silence.
  return {
    trust: { trust_anchors: anchorPem },
    verify: { verify_trust: true, remote_manifest_fetch: false, ocsp_fetch: false },
    builder: { thumbnail: { enabled: false } },
  }
}

/** Reads the manifest of the parent's file into the builder, which keeps it whole; of a file without one nothing is taken. */
async function addParent(builder: Builder, { file }: Parent, mimeType: string): Promise<void> {
  const ingredient = JSON.stringify(ingredientFor(file?.mimeType ?? mimeType, randomUUID()))
  await (file === null
    ? builder.addIngredient(ingredient)
    : builder.addIngredient(ingredient, { buffer: file.bytes, mimeType: file.mimeType }))
}

/** A file without a manifest reads as null; what throws had one that could not be parsed, or is no such file at all. */
function unreadableManifest(cause: unknown): ManifestReading {
  const text = cause instanceof Error ? cause.message : ''
  if (/must fetch remote manifest/i.test(text)) return { found: false, elsewhere: true }
  if (/type is unsupported/i.test(text)) return { found: false, elsewhere: false }
  return UNREADABLE
}

export const UNREADABLE: ManifestReading = {
  found: true,
  state: 'Invalid',
  manifestId: null,
  signedBy: null,
  generator: null,
  image: null,
  binding: null,
  problems: ['manifest.unreadable'],
}

/** Signs a small picture and reads it back, so that a chain outside the C2PA profile fails at start and not at the first image. */
async function proveSigner(signer: Signer): Promise<void> {
  try {
    const grey = { width: 64, height: 64, rgb: new Uint8Array(64 * 64 * 3).fill(127) }
    const bytes = await encodePicture(grey, { format: 'png', quality: null, xmp: null })
    const created = { action: 'c2pa.created', digitalSourceType: 'http://c2pa.org/digitalsourcetype/empty' }
    const signed = await signer.sign(bytes, 'image/png', {
      claim_generator_info: [{ name: 'Darkroom' }],
      title: 'start',
      format: 'image/png',
      assertions: [{ label: 'c2pa.actions.v2', created: true, data: { actions: [created] } }],
    })
    const reading = await signer.read(signed.bytes, 'image/png')
    if (reading.found && reading.state === 'Trusted') return
    const problems = reading.found ? reading.problems.join(', ') : 'no manifest'
    throw new Fault('signer_failed', { detail: `What the signer signs does not read as trusted: ${problems}.` })
  } catch (cause) {
    if (isFault(cause)) throw cause
    throw new Fault('signer_failed', { cause, detail: 'The signer could not sign.' })
  }
}
