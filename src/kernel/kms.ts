// A key in AWS KMS, which never leaves it: the one adapter of its client. Credentials are the SDK's own (AWS_ACCESS_KEY_ID, AWS_PROFILE, web
// identity, instance roles); the key needs kms:Sign, and kms:GetPublicKey where `publicKey` is asked for.
import {
  GetPublicKeyCommand,
  KMSClient,
  type KMSClientConfig,
  SignCommand,
  type SignCommandInput,
} from '@aws-sdk/client-kms'
import { errorName, isAway, statusOf } from './aws-errors.ts'
import { Fault } from './fault.ts'

export type KmsKey = {
  /** Id, ARN or alias of an asymmetric key for signing. */
  keyId: string
  region: string | null
  endpoint: string | null
  timeoutMs: number
}

/** Faults of both: signer_failed, with `away` where waiting helps. */
export type Kms = {
  /** SubjectPublicKeyInfo, DER. */
  publicKey: () => Promise<Buffer>
  /** What KMS answers, whatever it is. `message` is a digest unless the algorithm signs the message itself. */
  sign: (message: Buffer, algorithm: SignCommandInput['SigningAlgorithm']) => Promise<Buffer>
} & Disposable

/** Tries of one call, the first included; whoever asked tries again after them. */
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

/** Sends nothing yet. `variable` names the key in what goes wrong. */
export function openKms(
  { keyId, region, endpoint, timeoutMs }: KmsKey,
  variable: string,
  credentials: Pick<KMSClientConfig, 'credentials'> = {},
): Kms {
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
    publicKey: async () => {
      const command = new GetPublicKeyCommand({ KeyId: keyId })
      const { PublicKey } = await client.send(command).catch(refused('GetPublicKey', variable))
      return Buffer.from(PublicKey ?? [])
    },
    sign: async (Message, SigningAlgorithm) => {
      const MessageType = SigningAlgorithm === 'ED25519_SHA_512' ? 'RAW' : 'DIGEST'
      const command = new SignCommand({ KeyId: keyId, Message, MessageType, SigningAlgorithm })
      const { Signature } = await client.send(command).catch(refused('Sign', variable))
      return Buffer.from(Signature ?? [])
    },
    [Symbol.dispose]: () => client.destroy(),
  }
}

/** Only the error's name and status are told: no key id, request or account. */
function refused(call: 'GetPublicKey' | 'Sign', variable: string): (error: unknown) => never {
  return (error) => {
    const name = errorName(error)
    const status = statusOf(error)
    const away = isAway(error) || PASSING.has(name) || (call === 'Sign' && WITHOUT_CREDENTIALS.has(name))
    throw new Fault('signer_failed', {
      retry: 'later',
      field: variable,
      facts: { call, error: name, status, away },
      detail: away ? 'KMS cannot be reached.' : `KMS refuses to use the key: ${name}.`,
      cause: error,
    })
  }
}
