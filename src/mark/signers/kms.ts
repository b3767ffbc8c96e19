// A key in AWS KMS, which never leaves it: the one adapter of its client. It is asked for digests' signatures only. Credentials are the
// SDK's own (AWS_ACCESS_KEY_ID, AWS_PROFILE, web identity, instance roles); the key needs kms:GetPublicKey and kms:Sign.
import { createHash, createPublicKey, type KeyObject } from 'node:crypto'
import { GetPublicKeyCommand, KMSClient, type KMSClientConfig, SignCommand } from '@aws-sdk/client-kms'
import { errorName, isAway, statusOf } from '../../kernel/aws-errors.ts'
import { Fault } from '../../kernel/fault.ts'
import { algorithmOf, isEcdsa, type KeyUse, rawFromDer, type SigningAlgorithm } from './signature.ts'

export type KmsKey = {
  /** Id, ARN or alias of an asymmetric key for signing. */
  keyId: string
  region: string | null
  endpoint: string | null
  timeoutMs: number
}

const SPECS = {
  es256: { spec: 'ECDSA_SHA_256', hash: 'sha256' },
  es384: { spec: 'ECDSA_SHA_384', hash: 'sha384' },
  es512: { spec: 'ECDSA_SHA_512', hash: 'sha512' },
  ps256: { spec: 'RSASSA_PSS_SHA_256', hash: 'sha256' },
} as const

/** Tries of one call, the first included; the task that asked is tried again after them. */
const ATTEMPTS = 3
/** What KMS answers with a status of 400 and that passes by itself. */
const PASSING = new Set([
  'ThrottlingException',
  'LimitExceededException',
  'DependencyTimeoutException',
  'KMSInternalException',
])

/** What there is to sign with ran out or cannot be renewed just now; at the start it is a mistake in what was set. */
const WITHOUT_CREDENTIALS = new Set(['CredentialsProviderError', 'TokenProviderError', 'ExpiredTokenException'])

/**
 * Uses the key for a certificate with that public key; nothing is sent yet. Fault: config_invalid, when KMS cannot sign so.
 * `check` asks KMS for the public key and refuses another. Faults: signer_failed, with `away` where waiting helps.
 */
export function kmsKey(
  { keyId, region, endpoint, timeoutMs }: KmsKey,
  algorithm: SigningAlgorithm,
  certified: KeyObject,
  credentials: Pick<KMSClientConfig, 'credentials'> = {},
): KeyUse & { check: () => Promise<void> } & Disposable {
  if (algorithm === 'ed25519')
    throw new Fault('config_invalid', {
      field: 'DARKROOM_SIGNER_CERTIFICATE_FILE',
      detail: 'KMS signs digests here: P-256, P-384, P-521 or RSA, no Ed25519',
    })
  const { spec, hash } = SPECS[algorithm]
  const client = new KMSClient({
    ...(region === null ? {} : { region }),
    ...(endpoint === null ? {} : { endpoint }),
    ...credentials,
    maxAttempts: ATTEMPTS,
    retryMode: 'standard',
    requestHandler: {
      connectionTimeout: Math.min(timeoutMs, 5000),
      requestTimeout: timeoutMs,
      socketTimeout: timeoutMs,
      throwOnRequestTimeout: true,
    },
  })
  return {
    algorithm,
    check: async () => {
      const answer = await client.send(new GetPublicKeyCommand({ KeyId: keyId })).catch(refused('GetPublicKey'))
      if (answer.PublicKey === undefined || !isSame(certified, Buffer.from(answer.PublicKey)))
        throw new Fault('signer_failed', {
          field: 'DARKROOM_SIGNER_KMS_KEY_ID',
          facts: { problem: 'wrong_key' },
          detail: 'The key in KMS is not the key of DARKROOM_SIGNER_CERTIFICATE_FILE.',
        })
    },
    sign: async (bytes) => {
      const Message = createHash(hash).update(bytes).digest()
      const command = new SignCommand({ KeyId: keyId, Message, MessageType: 'DIGEST', SigningAlgorithm: spec })
      const { Signature } = await client.send(command).catch(refused('Sign'))
      const signature = Buffer.from(Signature ?? [])
      const raw = isEcdsa(algorithm) ? rawFromDer(signature, algorithm) : signature
      if (raw !== null && raw.length > 0) return raw
      throw new Fault('signer_failed', {
        retry: 'later',
        facts: { call: 'Sign', problem: 'not_a_signature' },
        detail: 'What KMS answered is no signature of the key that the certificate names.',
      })
    },
    [Symbol.dispose]: () => client.destroy(),
  }
}

function isSame(certified: KeyObject, spki: Buffer): boolean {
  try {
    const key = createPublicKey({ key: spki, format: 'der', type: 'spki' })
    return algorithmOf(key) === algorithmOf(certified) && key.equals(certified)
  } catch {
    return false
  }
}

/** Only the error's name and status are told: no key id, request or account. */
function refused(call: 'GetPublicKey' | 'Sign'): (error: unknown) => never {
  return (error) => {
    const name = errorName(error)
    const status = statusOf(error)
    const away = isAway(error) || PASSING.has(name) || (call === 'Sign' && WITHOUT_CREDENTIALS.has(name))
    throw new Fault('signer_failed', {
      retry: 'later',
      field: 'DARKROOM_SIGNER_KMS_KEY_ID',
      facts: { call, error: name, status, away },
      detail: away ? 'KMS cannot be reached.' : `KMS refuses to use the key: ${name}.`,
      cause: error,
    })
  }
}
