// A certificate authority for development, made once: root, intermediate and a leaf that fits the C2PA certificate profile.
// The two authorities' private keys are forgotten as soon as the leaf exists, so nobody can issue another certificate under this
// root. Nobody outside this deployment trusts it: what it signs reads as untrusted elsewhere, and the manifest says so.
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import Type, { type Static } from 'typebox'
import { Compile } from 'typebox/compile'
import { damaged, readSecret, type SecretPlace, secretFile, secretsDirOf } from '../kernel/secret-files.ts'

/** PEM texts. `chain` is the leaf, then the intermediate; `key` is the leaf's, in PKCS #8. */
export type IssuedChain = Static<typeof Chain>
const Chain = Type.Object({ chain: Type.String(), key: Type.String(), anchor: Type.String() })
const Stored = Compile(Chain)
const FILE = 'development-signer.json'

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
const YEARS = 10

/** The deployment's own chain, one file so that its parts never mix, issued on first use. Fault: config_invalid. */
export async function openDevelopmentChain(place: SecretPlace, organization: string): Promise<IssuedChain> {
  const text = await secretFile(place, FILE, async () =>
    JSON.stringify((await readEarlier(place.home)) ?? (await issueDevelopmentChain(organization))),
  )
  try {
    const chain: unknown = JSON.parse(text)
    if (Stored.Check(chain)) return chain
  } catch {
    // Said below, without quoting the file.
  }
  throw damaged(join(secretsDirOf(place), FILE))
}

/** Where releases before 0.2 kept it, as three files. */
async function readEarlier(home: string): Promise<IssuedChain | null> {
  const read = (name: string) => readSecret(join(home, 'signer', 'development', name))
  const [chain, key, anchor] = await Promise.all([read('chain.pem'), read('key.pem'), read('anchor.pem')])
  return chain === null || key === null || anchor === null ? null : { chain, key, anchor }
}

/** Issues a new chain under a new root. `organization` appears as the signer's name. */
export async function issueDevelopmentChain(organization: string, now = new Date()): Promise<IssuedChain> {
  provideMetadata()
  const x509 = await import('@peculiar/x509')
  x509.cryptoProvider.set(crypto)
  const { KeyUsageFlags } = x509
  const notBefore = new Date(now.getTime() - 3_600_000)
  const notAfter = new Date(now)
  notAfter.setUTCFullYear(notAfter.getUTCFullYear() + YEARS)

  type Keys = { publicKey: CryptoKey; privateKey: CryptoKey }
  type Issuer = { subject: string; keys: Keys }
  const makeKeys = (): Promise<Keys> => crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])
  const issue = async (
    subject: string,
    keys: Keys,
    issuer: Issuer,
    extensions: InstanceType<typeof x509.Extension>[],
  ) =>
    x509.X509CertificateGenerator.create({
      serialNumber: serialNumber(),
      subject,
      issuer: issuer.subject,
      notBefore,
      notAfter,
      publicKey: keys.publicKey,
      signingKey: issuer.keys.privateKey,
      signingAlgorithm: ALGORITHM,
      extensions: [
        ...extensions,
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
        await x509.AuthorityKeyIdentifierExtension.create(issuer.keys.publicKey),
      ],
    })

  const name = (common: string) => `O=${organization.replace(/[^\p{L}\p{N} .-]/gu, ' ')}, CN=${common}`
  const authority = (pathLength?: number) => [
    new x509.BasicConstraintsExtension(true, pathLength, true),
    new x509.KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
  ]
  const root: Issuer = { subject: name('Darkroom development root'), keys: await makeKeys() }
  const intermediate: Issuer = { subject: name('Darkroom development intermediate'), keys: await makeKeys() }
  const leafKeys = await makeKeys()
  const rootCertificate = await issue(root.subject, root.keys, root, authority())
  const intermediateCertificate = await issue(intermediate.subject, intermediate.keys, root, authority(0))
  const leafCertificate = await issue(name('Darkroom development signer'), leafKeys, intermediate, [
    new x509.BasicConstraintsExtension(false, undefined, true),
    new x509.KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
    new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.emailProtection]),
  ])
  const pkcs8 = Buffer.from(await crypto.subtle.exportKey('pkcs8', leafKeys.privateKey)).toString('base64')
  return {
    chain: `${leafCertificate.toString('pem')}\n${intermediateCertificate.toString('pem')}\n`,
    key: `-----BEGIN PRIVATE KEY-----\n${pkcs8.match(/.{1,64}/g)?.join('\n')}\n-----END PRIVATE KEY-----\n`,
    anchor: `${rootCertificate.toString('pem')}\n`,
  }
}

/** A positive 128-bit serial without a leading zero byte, which strict DER readers refuse. */
function serialNumber(): string {
  const bytes = randomBytes(16)
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40
  return bytes.toString('hex')
}

/** The certificate library's container asks for reflect-metadata; these three functions are all that it uses. */
function provideMetadata(): void {
  if ('getMetadata' in Reflect) return
  const known = new WeakMap<object, Map<unknown, unknown>>()
  const own = (key: unknown, target: object): unknown => known.get(target)?.get(key)
  const inherited = (key: unknown, target: object | null): unknown =>
    target === null ? undefined : (own(key, target) ?? inherited(key, Object.getPrototypeOf(target)))
  const define = (key: unknown, value: unknown, target: object): void => {
    const entries = known.get(target) ?? new Map<unknown, unknown>()
    known.set(target, entries.set(key, value))
  }
  Object.defineProperty(Reflect, 'getOwnMetadata', { value: own, configurable: true })
  Object.defineProperty(Reflect, 'getMetadata', { value: inherited, configurable: true })
  Object.defineProperty(Reflect, 'defineMetadata', { value: define, configurable: true })
}
