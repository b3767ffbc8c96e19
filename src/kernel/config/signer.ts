// Who signs what goes out, and which authority dates the signature. Certificates, anchors and keys are files; a KMS or a program signs
// where the key may not leave. What each way needs and the others do not take is told here, by name.
import type { Reader } from './reader.ts'

const SIGNERS = ['development', 'pem', 'kms', 'command'] as const
const ALGORITHMS = ['auto', 'es256', 'es384', 'es512', 'ps256', 'ed25519'] as const
const FORMATS = ['der', 'raw'] as const
const POLICIES = ['off', 'preferred', 'required'] as const
/** Where an AWS KMS key says itself where it is. */
export const KMS_ARN = /^arn:aws[a-z-]*:kms:([a-z0-9-]+):\d{12}:(key|alias)\/.+$/
const FILES = ['DARKROOM_SIGNER_CERTIFICATE_FILE', 'DARKROOM_SIGNER_KEY_FILE', 'DARKROOM_SIGNER_ANCHOR_FILE'] as const

export function readSigner(reader: Reader) {
  const { optional, choice, integer, url, problems } = reader
  const [certificateChain, privateKey, anchor] = FILES.map((name) => optional(name))
  const files = {
    /** PEM, leaf first and without the root. */
    certificateChain: certificateChain ?? null,
    privateKey: privateKey ?? null,
    anchor: anchor ?? null,
    /** Roots of what was signed before the present key. */
    earlierAnchors: optional('DARKROOM_SIGNER_EARLIER_ANCHORS_FILE'),
  }
  const given = [files.certificateChain, files.privateKey, files.anchor].filter((file) => file !== null).length
  const kind = choice('DARKROOM_SIGNER', given === 0 ? 'development' : 'pem', SIGNERS)
  const keyId = optional('DARKROOM_SIGNER_KMS_KEY_ID')
  const kms = {
    keyId: keyId ?? '',
    /** Null: the key's own, where its ARN says it, else the SDK's (AWS_REGION, the profile). */
    region: optional('DARKROOM_SIGNER_KMS_REGION') ?? KMS_ARN.exec(keyId ?? '')?.[1] ?? null,
    endpoint: url('DARKROOM_SIGNER_KMS_ENDPOINT', ['https:', 'http:']),
  }
  const signer = {
    kind,
    ...files,
    kms,
    /** A program and its arguments; no shell reads them. */
    command: readCommand(reader),
    format: choice('DARKROOM_SIGNER_COMMAND_FORMAT', 'der', FORMATS),
    /** `auto`: what the certificate's key says. */
    algorithm: choice('DARKROOM_SIGNER_ALGORITHM', 'auto', ALGORITHMS),
    timeoutMs: integer('DARKROOM_SIGNER_TIMEOUT_MS', 5000, 100, 120_000),
  }
  checkFiles(signer, given, problems)
  if (kind === 'kms' && keyId === null) problems.push('DARKROOM_SIGNER_KMS_KEY_ID: is needed with DARKROOM_SIGNER=kms')
  if (kind === 'command' && optional('DARKROOM_SIGNER_COMMAND') === null)
    problems.push('DARKROOM_SIGNER_COMMAND: is needed with DARKROOM_SIGNER=command')
  const only = (way: string, ...names: string[]) => {
    for (const name of names)
      if (kind !== way && optional(name) !== null) problems.push(`${name}: needs DARKROOM_SIGNER=${way}`)
  }
  only('kms', 'DARKROOM_SIGNER_KMS_KEY_ID', 'DARKROOM_SIGNER_KMS_REGION', 'DARKROOM_SIGNER_KMS_ENDPOINT')
  only('command', 'DARKROOM_SIGNER_COMMAND')
  if (kind === 'kms' && signer.algorithm === 'ed25519')
    problems.push('DARKROOM_SIGNER_ALGORITHM: ed25519 is not offered with DARKROOM_SIGNER=kms, which signs digests')
  return signer
}

type Files = { kind: string; certificateChain: string | null; privateKey: string | null; anchor: string | null }

function checkFiles({ kind, certificateChain, privateKey, anchor }: Files, given: number, problems: string[]): void {
  const [certificateName, keyName, anchorName] = FILES
  switch (kind) {
    case 'development':
      if (given > 0) problems.push(`${FILES.join(', ')}: not with DARKROOM_SIGNER=development`)
      return
    case 'pem':
      if (given !== 3) problems.push(`${FILES.join(', ')}: set all three or none`)
      return
    default:
      if (certificateChain === null || anchor === null)
        problems.push(`${certificateName}, ${anchorName}: are needed with DARKROOM_SIGNER=${kind}`)
      if (privateKey !== null) problems.push(`${keyName}: not with DARKROOM_SIGNER=${kind}, which has the key`)
  }
}

function readCommand({ optional, problems }: Reader): readonly string[] {
  const text = optional('DARKROOM_SIGNER_COMMAND')
  if (text === null) return []
  try {
    const parts: unknown = JSON.parse(text)
    if (Array.isArray(parts) && parts.length > 0 && parts[0] !== '' && parts.every((part) => typeof part === 'string'))
      return parts.map(String)
  } catch {
    // Said below, without quoting it.
  }
  problems.push('DARKROOM_SIGNER_COMMAND: expected a JSON array such as ["/usr/local/bin/sign", "--slot", "0"]')
  return []
}

export function readTimestamps({ optional, choice, integer, url, problems }: Reader) {
  const address = url('DARKROOM_TIMESTAMP_URL', ['http:', 'https:'])
  const policy = choice('DARKROOM_TIMESTAMP', address === null ? 'off' : 'required', POLICIES)
  const timestamps = {
    /** Of an authority that speaks RFC 3161 over HTTP. */
    url: address,
    policy,
    timeoutMs: integer('DARKROOM_TIMESTAMP_TIMEOUT_MS', 5000, 100, 120_000),
    /** Roots of the authority; null: its stamps are kept and believed by nobody here. */
    anchors: optional('DARKROOM_TIMESTAMP_ANCHORS_FILE'),
  }
  if (address !== null && /[#@]/.test(address))
    problems.push('DARKROOM_TIMESTAMP_URL: expected a URL without a name, a password or a fragment')
  if (policy !== 'off' && address === null)
    problems.push(`DARKROOM_TIMESTAMP: '${policy}' needs DARKROOM_TIMESTAMP_URL`)
  return timestamps
}
