// Certificates as a certificate authority makes them, by `openssl ca`: with any key and any period of validity, in a folder of their own.
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Fails with what openssl objected to. */
export async function openssl(...args: string[]): Promise<string> {
  return (await run('openssl', args)).stdout
}

export type Issued = {
  /** The leaf's certificate; the authority is a root, so it is the whole chain. */
  chainPem: string
  keyPem: string
  chainFile: string
  keyFile: string
}

export type Authority = {
  folder: string
  anchorPem: string
  anchorFile: string
  issue: (options?: { use?: 'signing' | 'stamping'; seconds?: number; key?: string[] }) => Promise<Issued>
}

const EC = ['EC', '-pkeyopt', 'ec_paramgen_curve:P-256']
export const RSA = ['RSA', '-pkeyopt', 'rsa_keygen_bits:2048']
export const P384 = ['EC', '-pkeyopt', 'ec_paramgen_curve:P-384']
export const P521 = ['EC', '-pkeyopt', 'ec_paramgen_curve:P-521']
const USES = { signing: 'emailProtection', stamping: 'critical,timeStamping' } as const

/** A root, whose leaves began an hour ago and hold for `seconds` from now (a day unless said). */
export async function openAuthority(name: string): Promise<Authority> {
  const folder = await mkdtemp(join(tmpdir(), 'darkroom-ca-'))
  const at = (file: string) => join(folder, file)
  const anchorFile = at('root.pem')
  await openssl('genpkey', '-algorithm', ...EC, '-out', at('root.key'))
  const root = ['-addext', 'basicConstraints=critical,CA:TRUE', '-addext', 'keyUsage=critical,keyCertSign,cRLSign']
  const subject = ['-subj', `/O=${name}/CN=${name} root`]
  await openssl('req', '-x509', '-new', '-key', at('root.key'), '-days', '30', ...subject, ...root, '-out', anchorFile)
  let issued = 0
  return {
    folder,
    anchorFile,
    anchorPem: await readFile(anchorFile, 'utf8'),
    issue: async ({ use = 'signing', seconds = 86_400, key = EC } = {}) => {
      const id = `${issued++}`
      const [keyFile, request, config, chainFile] = [at(`${id}.key`), at(`${id}.csr`), at(`${id}.cnf`), at(`${id}.pem`)]
      await openssl('genpkey', '-algorithm', ...key, '-out', keyFile)
      await openssl('req', '-new', '-key', keyFile, '-subj', `/O=${name}/CN=${name} ${use}`, '-out', request)
      await writeFile(at(`${id}.index`), '')
      await writeFile(config, configOf(folder, id, USES[use]))
      const period = ['-startdate', stampOf(-3600), '-enddate', stampOf(seconds)]
      const authority = ['-cert', anchorFile, '-keyfile', at('root.key')]
      await openssl(
        'ca',
        '-batch',
        '-notext',
        '-config',
        config,
        ...authority,
        ...period,
        '-in',
        request,
        '-out',
        chainFile,
      )
      const [chainPem, keyPem] = await Promise.all([readFile(chainFile, 'utf8'), readFile(keyFile, 'utf8')])
      return { chainPem, keyPem, chainFile, keyFile }
    },
  }
}

function configOf(folder: string, id: string, use: string): string {
  return `[ca]
default_ca = this
[this]
database = ${folder}/${id}.index
new_certs_dir = ${folder}
rand_serial = yes
default_md = sha256
policy = any
x509_extensions = leaf
[any]
organizationName = supplied
commonName = supplied
[leaf]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = ${use}
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
`
}

/** YYYYMMDDHHMMSSZ, so many seconds from now. */
function stampOf(seconds: number): string {
  return `${new Date(Date.now() + seconds * 1000).toISOString().replace(/[-:T]/g, '').slice(0, 14)}Z`
}
