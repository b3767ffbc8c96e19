// A stand-in for AWS KMS on this machine: JSON 1.1 over HTTP, GetPublicKey and Sign, with a real key. It checks that a call is signed by
// an account at all, not the signature of it, and can throttle, be away, or sign with another key.
import { createPublicKey, randomUUID, sign } from 'node:crypto'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage } from 'node:http'
import { json } from 'node:stream/consumers'
import { openssl } from './openssl.ts'

type Mood = 'well' | 'throttles' | 'down' | 'silent' | 'denies' | 'expired' | 'disabled' | 'other_key' | 'junk'

export type KmsServer = {
  url: string
  keyId: string
  mood: Mood
  /** Operations that came, in order. */
  calls: string[]
} & AsyncDisposable

const PSS = ['rsa_padding_mode:pss', 'rsa_pss_saltlen:digest', 'digest:sha256'].flatMap((one) => ['-pkeyopt', one])
const OPTIONS: Readonly<Record<string, readonly string[]>> = {
  ECDSA_SHA_256: [],
  ECDSA_SHA_384: [],
  ECDSA_SHA_512: [],
  RSASSA_PSS_SHA_256: PSS,
}

const P256 = ['EC', '-pkeyopt', 'ec_paramgen_curve:P-256']

/** `ofOther`: what sort of key signs where another than the one that is asked for does. */
export async function openKmsServer(keyFile: string, ofOther: readonly string[] = P256): Promise<KmsServer> {
  const other = `${keyFile}.other`
  await openssl('genpkey', '-algorithm', ...ofOther, '-out', other)
  const server = createServer(async (request, response) => {
    const operation = String(request.headers['x-amz-target']).replace('TrentService.', '')
    const asked = await fieldsOf(request)
    self.calls.push(operation)
    const say = (status: number, body: object) =>
      response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(body))
    const refuse = (status: number, name: string) => say(status, { __type: name, message: `${name} of a stand-in` })
    if (!String(request.headers.authorization).startsWith('AWS4-HMAC-SHA256 '))
      return refuse(400, 'MissingAuthenticationTokenException')
    if (asked.KeyId !== self.keyId) return refuse(400, 'NotFoundException')
    switch (self.mood) {
      case 'throttles':
        return refuse(400, 'ThrottlingException')
      case 'down':
        return refuse(503, 'KMSInternalException')
      case 'denies':
        return refuse(400, 'AccessDeniedException')
      case 'expired':
        return refuse(400, 'ExpiredTokenException')
      case 'disabled':
        return refuse(400, 'DisabledException')
      case 'silent':
        return
      case 'junk':
        return say(200, { KeyId: self.keyId, Signature: Buffer.from('junk').toString('base64') })
      case 'other_key':
        return say(200, await answerTo(operation, asked, other))
      case 'well':
        return say(200, await answerTo(operation, asked, keyFile))
      default:
        return self.mood satisfies never
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('a TCP server has a port')
  const self: KmsServer = {
    url: `http://127.0.0.1:${address.port}`,
    keyId: 'arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab',
    mood: 'well',
    calls: [],
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return self
}

async function answerTo(operation: string, asked: Record<string, unknown>, keyFile: string): Promise<object> {
  const { KeyId } = asked
  if (operation === 'GetPublicKey') {
    const spki = createPublicKey(await readFile(keyFile)).export({ format: 'der', type: 'spki' })
    return { KeyId, KeyUsage: 'SIGN_VERIFY', PublicKey: spki.toString('base64') }
  }
  if (operation === 'Sign' && asked.SigningAlgorithm === 'ED25519_SHA_512' && asked.MessageType === 'RAW') {
    const message = Buffer.from(String(asked.Message), 'base64')
    return { KeyId, Signature: sign(null, message, await readFile(keyFile)).toString('base64') }
  }
  const options = OPTIONS[String(asked.SigningAlgorithm)]
  if (operation !== 'Sign' || options === undefined || asked.MessageType !== 'DIGEST') throw new Error('not known here')
  const [digest, signature] = [`${keyFile}.${randomUUID()}.digest`, `${keyFile}.${randomUUID()}.signature`]
  await writeFile(digest, Buffer.from(String(asked.Message), 'base64'))
  await openssl('pkeyutl', '-sign', '-inkey', keyFile, ...options, '-in', digest, '-out', signature)
  return { KeyId, Signature: (await readFile(signature)).toString('base64') }
}

async function fieldsOf(request: IncomingMessage): Promise<Record<string, unknown>> {
  const body: unknown = await json(request)
  return typeof body === 'object' && body !== null ? Object.fromEntries(Object.entries(body)) : {}
}
