// A manifest as another implementation of C2PA sees it: @trustnxt/c2pa-ts parses, hashes and checks signatures with no code of ours.
// It holds no list of anchors and calls every intact signer trusted, so the chain is openssl's to judge. It opens no WebP: there
// only the container is cut by us. Its reader of timestamps wants a whole response where C2PA 2 stores the token alone, and gives the
// signature up: so the token is taken out beforehand (it stands in the header that is not signed), and openssl judges that too.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Asset, JPEG, PNG } from '@trustnxt/c2pa-ts/asset'
import { CBORBox, SuperBox } from '@trustnxt/c2pa-ts/jumbf'
import { ManifestStore, ValidationResult } from '@trustnxt/c2pa-ts/manifest'
import { openssl } from '../support/openssl.ts'

export type Opinion = {
  valid: boolean
  /** C2PA status codes of what failed, or held. */
  failures: string[]
  successes: string[]
  /** From the COSE header, leaf first, in PEM. */
  chain: string[]
  /** The token of RFC 3161 beside the signature, and the bytes that it dates. */
  stamp: Stamp | null
  /** Labels of all manifests, the active one last. */
  manifests: string[]
  generator: Fields
  title: string | null
  /** How many assertions the claim calls gathered: not the signer's own. */
  gathered: number
  /** What the active manifest asserts, as its CBOR says, by label. */
  assertions: Readonly<Record<string, Fields>>
}

type Stamp = { token: Uint8Array; dated: Buffer }
type Fields = Readonly<Record<string, unknown>>

/** Throws where there is no manifest, or none that parses. */
export async function secondOpinion(bytes: Buffer): Promise<Opinion> {
  const asset = assetOf(bytes)
  const found = asset.getManifestJUMBF()
  if (found === undefined) throw new Error('no manifest')
  const box = SuperBox.fromBuffer(new Uint8Array(found))
  const stamps = signaturesIn(box).map(takeStamp)
  const store = ManifestStore.read(box)
  const active = store.getActiveManifest()
  const signature = active?.signature?.signatureData
  const leaf = signature?.certificate
  if (active?.claim?.sourceBox === undefined || signature === undefined || leaf === undefined)
    throw new Error('no claim that is signed')
  const { isValid, statusEntries } = await store
    .validate(asset)
    .catch((cause: unknown) => ValidationResult.fromError(cause instanceof Error ? cause : new Error(String(cause))))
  const codes = (success: boolean) => [
    ...new Set(statusEntries.filter((one) => one.success === success).map(({ code }) => code)),
  ]
  const claim = contentOf(active.claim.sourceBox)
  return {
    valid: isValid,
    failures: codes(false),
    successes: codes(true),
    chain: [leaf, ...signature.chainCertificates].map((certificate) => certificate.toString('pem')),
    stamp: stamps.at(-1) ?? null,
    manifests: store.manifests.map(({ label }) => label ?? ''),
    generator: fields(claim.claim_generator_info),
    title: active.claim.title ?? null,
    gathered: active.claim.gatheredAssertions?.length ?? 0,
    assertions: Object.fromEntries(
      (active.assertions?.assertions ?? []).map(({ fullLabel, sourceBox }) => [fullLabel ?? '', contentOf(sourceBox)]),
    ),
  }
}

/** Whether the leaf leads to the anchor, by openssl alone and no list of the machine's. Answers what it objected to, or null. */
export async function chainProblem(
  chain: readonly string[],
  anchorPem: string,
  folder: string,
): Promise<string | null> {
  const [leaf = '', ...between] = chain
  const files = {
    leaf: join(folder, 'leaf.pem'),
    between: join(folder, 'between.pem'),
    anchor: join(folder, 'anchor.pem'),
  }
  await writeFile(files.leaf, leaf)
  await writeFile(files.between, between.join('\n'))
  await writeFile(files.anchor, anchorPem)
  const untrusted = between.length === 0 ? [] : ['-untrusted', files.between]
  const only = ['-no-CApath', '-no-CAstore', '-x509_strict', '-purpose', 'smimesign', '-CAfile', files.anchor]
  return problemOf('verify', ...only, ...untrusted, files.leaf)
}

/** Whether the token dates those bytes and is by an authority under the anchor. Answers what openssl objected to, or null. */
export async function stampProblem({ token, dated }: Stamp, anchorPem: string, folder: string): Promise<string | null> {
  const files = { token: join(folder, 'token.der'), dated: join(folder, 'dated'), anchor: join(folder, 'time.pem') }
  await writeFile(files.token, token)
  await writeFile(files.dated, dated)
  await writeFile(files.anchor, anchorPem)
  return problemOf('ts', '-verify', '-in', files.token, '-token_in', '-data', files.dated, '-CAfile', files.anchor)
}

function problemOf(...args: string[]): Promise<string | null> {
  return openssl(...args).then(
    () => null,
    (cause: unknown) => String(cause),
  )
}

/** COSE_Sign1 of each manifest of a store, in its order. */
function signaturesIn(store: SuperBox): unknown[] {
  return store.contentBoxes
    .flatMap((manifest) => (manifest instanceof SuperBox ? manifest.contentBoxes : []))
    .filter((one) => one instanceof SuperBox)
    .filter((one) => one.descriptionBox?.label === 'c2pa.signature')
    .map((one) => one.contentBoxes[0])
    .map((one) => (one instanceof CBORBox ? one.content : null))
}

/** What a countersignature dates (RFC 8152, 4.4): the signature as a byte string, beside the protected header. */
function takeStamp(cose: unknown): Stamp | null {
  const [header, unsigned, , signature]: unknown[] = Array.isArray(cose) ? cose : []
  const tokens = fields(fields(unsigned).sigTst2).tstTokens
  const token = Array.isArray(tokens) ? fields(tokens[0]).val : null
  if (!(token instanceof Uint8Array && header instanceof Uint8Array && signature instanceof Uint8Array)) return null
  if (typeof unsigned === 'object' && unsigned !== null) Reflect.deleteProperty(unsigned, 'sigTst2')
  const parts = [byteString(header), byteString(new Uint8Array()), byteString(byteString(signature))]
  // An array of four, whose first is a text of sixteen characters.
  return { token, dated: Buffer.concat([Buffer.from([0x84, 0x70]), Buffer.from('CounterSignature'), ...parts]) }
}

/** In CBOR. */
function byteString(bytes: Uint8Array): Buffer {
  const { length } = bytes
  const head = length < 24 ? [0x40 + length] : length < 256 ? [0x58, length] : [0x59, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from(head), bytes])
}

function assetOf(bytes: Buffer): Asset {
  if (PNG.canRead(bytes)) return new PNG(bytes)
  return JPEG.canRead(bytes) ? new JPEG(bytes) : webp(bytes)
}

/** RIFF: the chunk C2PA with its head is what the hash leaves out. */
function webp(bytes: Buffer): Asset {
  let at = 12
  while (at < bytes.length && bytes.toString('latin1', at, at + 4) !== 'C2PA')
    at += 8 + even(bytes.readUInt32LE(at + 4))
  const length = at < bytes.length ? bytes.readUInt32LE(at + 4) : 0
  const readOnly = () => Promise.reject(new Error('it is read only'))
  return {
    mimeType: 'image/webp',
    getDataLength: () => bytes.length,
    getDataRange: async (start = 0, size = bytes.length - start) => bytes.subarray(start, start + size),
    getManifestJUMBF: () => (length === 0 ? undefined : bytes.subarray(at + 8, at + 8 + length)),
    dumpInfo: () => 'WebP',
    getHashExclusionRange: () => ({ start: at, length: 8 + even(length) }),
    ensureManifestSpace: readOnly,
    writeManifestJUMBF: readOnly,
  }
}

function even(length: number): number {
  return length + (length % 2)
}

function contentOf(box: SuperBox | undefined): Fields {
  const content = box?.contentBoxes.find((one) => one instanceof CBORBox)
  return content instanceof CBORBox ? fields(content.content) : {}
}

export function fields(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : {}
}
