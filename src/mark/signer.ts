// The only file that speaks to @contentauth/c2pa-node: signs manifests into files and reads them back.
// Private keys stay behind a KeyUse (signers/): a KMS or an HSM can stand in for it; nothing here logs or returns them.
// Only 'Trusted' is trusted: 'Valid' is an intact signature by somebody else. When signatures are dated: timestamps.ts, trust.ts.
import { randomUUID } from 'node:crypto'
import { Builder, CallbackSigner, Reader } from '@contentauth/c2pa-node'
import { Fault, isFault } from '../kernel/fault.ts'
import { stampResults } from '../kernel/meters.ts'
import type { SecretPlace } from '../kernel/secret-files.ts'
import { openDevelopmentChain } from './development-ca.ts'
import { encodePicture } from './encode.ts'
import {
  ingredientFor,
  type ManifestDefinition,
  type ManifestReading,
  type Parent,
  redacting,
  thumbnailsIn,
} from './manifest.ts'
import { refuseOver } from './signers/certificates.ts'
import { pemKey } from './signers/pem.ts'
import { heldToCertificate, type KeyUse } from './signers/signature.ts'
import {
  type Errand,
  openStampAuthority,
  type StampAuthority,
  type StampConfig,
  type StampProblem,
} from './timestamps.ts'
import { readTrusted, type Trust } from './trust.ts'

/** What an operator supplies: certificates in PEM, leaf first and without the root, and a key or a way to use one. */
export type OperatorSigner = {
  chainPem: string
  anchorPem: string
} & ({ keyPem: string } | KeyUse)

export type SignedFile = {
  bytes: Buffer
  manifest: Buffer
  /** Why there is no timestamp although one was asked for; null when there is one, or none was asked for. */
  unstamped: StampProblem | null
}

export type Signer = {
  readonly kind: 'development' | 'operator'
  /** PEM of the root under which this deployment signs. Public. */
  readonly anchorPem: string
  /** PEM of the signer's certificate and those above it. Public. */
  readonly chainPem: string
  readonly trust: Trust
  readonly stamps: StampConfig['policy'] | 'off'
  /**
   * Embeds a signed manifest, beside the one of the parent. Throws Fault 'signer_failed' (retry later), whose fact `away` says that the
   * signer, or the authority on time where it is required, is only out of reach.
   */
  sign(bytes: Buffer, mimeType: string, manifest: ManifestDefinition, parent?: Parent | null): Promise<SignedFile>
  /** Reads the active manifest of a file; never fetches anything. An unreadable manifest is found and 'Invalid'. */
  read(bytes: Buffer, mimeType: string): Promise<ManifestReading>
} & AsyncDisposable

export type SignerOptions = SecretPlace & {
  operator?: OperatorSigner
  organization?: string
  /** PEM of roots under which this deployment signed before. */
  earlierAnchorsPem?: string
  timestampAnchorsPem?: string
  timestamps?: StampConfig
  /** Told instead of a throw when the key is only out of reach at the start. */
  onAway?: (fault: Fault) => void
}

/**
 * Opens the deployment's signer: the operator's, or a development CA kept with the deployment's secrets and made on first use.
 * Signs and reads back a small picture before it returns. Throws Fault 'signer_failed' with what the reader objected to.
 */
export async function openSigner(options: SignerOptions): Promise<Signer> {
  const { operator, earlierAnchorsPem, timestampAnchorsPem = null, timestamps } = options
  const { chainPem, anchorPem, use } =
    operator === undefined ? await developmentSigner(options, options.organization ?? 'Darkroom') : given(operator)
  const identity: Identity = {
    kind: operator === undefined ? 'development' : 'operator',
    chainPem,
    anchorPem,
    trust: {
      anchorsPem: earlierAnchorsPem === undefined ? anchorPem : `${anchorPem}\n${earlierAnchorsPem}`,
      timestampAnchorsPem,
    },
  }
  const key = heldToCertificate(use, chainPem)
  // The authority on time may be away; that is no reason not to start.
  await proveSigner(makeSigner(identity, key, null)).catch((fault: unknown) => {
    if (options.onAway === undefined || !isFault(fault) || fault.facts.away !== true) throw fault
    options.onAway(fault)
  })
  return makeSigner(identity, key, timestamps === undefined ? null : openStampAuthority(timestamps))
}

type Identity = Pick<Signer, 'kind' | 'chainPem' | 'anchorPem' | 'trust'>
type Means = { chainPem: string; anchorPem: string; use: KeyUse }

async function developmentSigner(place: SecretPlace, organization: string): Promise<Means> {
  const { chain, key, anchor } = await openDevelopmentChain(place, organization)
  return { chainPem: chain, anchorPem: anchor, use: pemKey(key) }
}

function given(operator: OperatorSigner): Means {
  const { chainPem, anchorPem } = operator
  return { chainPem, anchorPem, use: 'keyPem' in operator ? pemKey(operator.keyPem) : operator }
}

function makeSigner(identity: Identity, key: KeyUse, stamps: StampAuthority | null): Signer {
  return {
    ...identity,
    stamps: stamps?.policy ?? 'off',
    async sign(...asked) {
      refuseOver(identity.chainPem)
      if (stamps === null) return { ...(await seal(identity, key, asked, null)), unstamped: null }
      using errand = await stamps.lend()
      let isKeyAtFault = true
      const watched: KeyUse = {
        ...key,
        sign: async (signed) => {
          const signature = await key.sign(signed)
          isKeyAtFault = false
          return signature
        },
      }
      try {
        const sealed = await seal(identity, watched, asked, errand.url)
        stampResults.inc({ result: 'stamped' })
        return { ...sealed, unstamped: null }
      } catch (fault) {
        // Who was not asked is not to blame.
        if (isKeyAtFault || errand.outcome === null) throw fault
        const problem = problemOf(errand.outcome)
        stampResults.inc({ result: problem })
        if (stamps.policy === 'preferred') return { ...(await seal(identity, key, asked, null)), unstamped: problem }
        throw new Fault('signer_failed', {
          retry: 'later',
          field: 'DARKROOM_TIMESTAMP_URL',
          facts: { timestamp: problem, away: true },
          detail: 'The authority that dates signatures gave no timestamp, and nothing is released without one.',
          cause: fault,
        })
      }
    },
    read: (bytes, mimeType) => readManifest(bytes, mimeType, identity.trust),
    [Symbol.asyncDispose]: async () => stamps?.[Symbol.asyncDispose](),
  }
}

/** Of an errand that brought no timestamp. */
function problemOf(outcome: NonNullable<Errand['outcome']>): StampProblem {
  return outcome === 'answered' || outcome === 'asked' ? 'refused' : outcome
}

/** For the signature and its certificates; and for an authority's, whose chain may be longer. */
const SIGNATURE_BYTES = 2048
const TIMESTAMP_BYTES = 12_000

async function seal(
  { chainPem, trust }: Identity,
  key: KeyUse,
  [bytes, mimeType, manifest, parent = null]: Parameters<Signer['sign']>,
  tsaUrl: string | null,
): Promise<Omit<SignedFile, 'unstamped'>> {
  // The library passes on only the text of what its callback throws.
  const own: { fault: unknown } = { fault: null }
  try {
    const out: { buffer: Buffer | null } = { buffer: null }
    const signer = CallbackSigner.newSigner(
      {
        alg: key.algorithm,
        certs: [Buffer.from(chainPem)],
        reserveSize: SIGNATURE_BYTES + chainPem.length + (tsaUrl === null ? 0 : TIMESTAMP_BYTES),
        directCoseHandling: false,
        ...(tsaUrl === null ? {} : { tsaUrl }),
      },
      (signed) =>
        key.sign(signed).catch((fault: unknown) => {
          own.fault = fault
          throw fault
        }),
    )
    const settings = settingsFor(trust.anchorsPem)
    const thumbnails = parent === null || parent.file === null ? [] : await thumbnailsOf(parent.file, settings)
    const builder = Builder.withJson(redacting(manifest, thumbnails ?? []), settings)
    // Without its manifest, where pixels cannot be taken out of that.
    if (parent !== null) await addParent(builder, thumbnails === null ? { ...parent, file: null } : parent, mimeType)
    const stored = await builder.signAsync(signer, { buffer: bytes, mimeType }, out)
    if (out.buffer === null) throw new Error('the library returned no file')
    return { bytes: out.buffer, manifest: stored }
  } catch (cause) {
    if (isFault(own.fault)) throw own.fault
    throw new Fault('signer_failed', { retry: 'later', cause, detail: 'The manifest could not be signed.' })
  }
}

/**
 * As Signer.read, without keys. The library is native code that a file can end together with its process: workers/manifests.ts
 * reads what strangers hand in elsewhere.
 */
export async function readManifest(bytes: Buffer, mimeType: string, trust: Trust): Promise<ManifestReading> {
  try {
    const found = await Reader.fromAsset({ buffer: bytes, mimeType }, settingsFor(trust.anchorsPem))
    if (found === null) return { found: false, elsewhere: false }
    return await readTrusted(trust, async (anchorsPem) => {
      if (anchorsPem === trust.anchorsPem) return found.json()
      return (await Reader.fromAsset({ buffer: bytes, mimeType }, settingsFor(anchorsPem)))?.json()
    })
  } catch (cause) {
    return unreadableManifest(cause)
  }
}

function settingsFor(anchorsPem: string) {
  // Keys are snake_case: the library ignores any other spelling in silence.
  return {
    trust: { trust_anchors: anchorsPem },
    verify: { verify_trust: true, remote_manifest_fetch: false, ocsp_fetch: false },
    // Which ingredient there is, is the signer's own word too: else it would stand among what was gathered from elsewhere.
    builder: { thumbnail: { enabled: false }, created_assertion_labels: ['c2pa.ingredient'] },
  }
}

/** In the manifests of the parent's file, its own and those that it kept. Null: one is where it cannot be redacted. */
async function thumbnailsOf(
  { bytes, mimeType }: NonNullable<Parent['file']>,
  settings: ReturnType<typeof settingsFor>,
): Promise<string[] | null> {
  // What cannot be read here cannot be kept there either: the ingredient then says that it is broken.
  const found = await Reader.fromAsset({ buffer: bytes, mimeType }, settings).catch(() => null)
  return found === null ? [] : thumbnailsIn(found.json())
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
  timestamp: null,
}

/** Signs a small picture and reads it back. Throws what `sign` throws. */
export async function trySigner(signer: Signer): Promise<ManifestReading & Pick<SignedFile, 'unstamped'>> {
  const grey = { width: 64, height: 64, rgb: new Uint8Array(64 * 64 * 3).fill(127) }
  const bytes = await encodePicture(grey, { format: 'png', quality: null, xmp: null })
  const created = { action: 'c2pa.created', digitalSourceType: 'http://c2pa.org/digitalsourcetype/empty' }
  const signed = await signer.sign(bytes, 'image/png', {
    claim_generator_info: [{ name: 'Darkroom' }],
    title: 'start',
    format: 'image/png',
    assertions: [{ label: 'c2pa.actions.v2', created: true, data: { actions: [created] } }],
  })
  return { ...(await signer.read(signed.bytes, 'image/png')), unstamped: signed.unstamped }
}

/** So that a chain outside the C2PA profile fails at start and not at the first image. */
async function proveSigner(signer: Signer): Promise<void> {
  try {
    const reading = await trySigner(signer)
    if (reading.found && reading.state === 'Trusted') return
    const problems = reading.found ? reading.problems.join(', ') : 'no manifest'
    throw new Fault('signer_failed', { detail: `What the signer signs does not read as trusted: ${problems}.` })
  } catch (cause) {
    if (isFault(cause)) throw cause
    throw new Fault('signer_failed', { cause, detail: 'The signer could not sign.' })
  }
}
