// The deployment's signer as the configuration names it: its files are read, its key is bound (held here, in a KMS, or behind a program),
// and what is wrong with them is told by the variable's name before anything is marked.
import { readFile } from 'node:fs/promises'
import type { Config } from '../kernel/config.ts'
import { Fault, isFault } from '../kernel/fault.ts'
import type { Log } from '../kernel/log.ts'
import { watchExpiry } from '../mark/expiry.ts'
import { type OperatorSigner, openSigner, type Signer, type SignerOptions, trySigner } from '../mark/signer.ts'
import { certificatesIn, publicKeyOf } from '../mark/signers/certificates.ts'
import { commandKey } from '../mark/signers/command.ts'
import { kmsKey } from '../mark/signers/kms.ts'
import { algorithmOf, type SigningAlgorithm } from '../mark/signers/signature.ts'
import { isLoopbackProxied } from '../mark/timestamps.ts'

/** Faults: config_invalid, signer_failed. */
export async function openConfiguredSigner(config: Config, log: Log, stack: AsyncDisposableStack): Promise<Signer> {
  const operator = await openOperator(config, log, stack)
  const { home, secretsDir, signer, timestamps } = config
  const earlierAnchorsPem = await readBundle(signer.earlierAnchors, 'DARKROOM_SIGNER_EARLIER_ANCHORS_FILE')
  const timestampAnchorsPem = await readBundle(timestamps.anchors, 'DARKROOM_TIMESTAMP_ANCHORS_FILE')
  const opened = stack.use(
    await openSigner({
      home,
      secretsDir,
      ...(operator === null ? {} : { operator }),
      ...(earlierAnchorsPem === null ? {} : { earlierAnchorsPem }),
      ...(timestampAnchorsPem === null ? {} : { timestampAnchorsPem }),
      ...stampsOf(config),
      // A program's failure is not told from its device's: it must work once.
      ...(signer.kind === 'kms' ? { onAway: tellAway(log) } : {}),
    }),
  )
  stack.use(watchExpiry(opened, log))
  if (opened.stamps !== 'off') await tryStamps(opened, log)
  return opened
}

/** That the authority on time is away is no reason not to start; that its timestamps would not count is one. */
async function tryStamps(signer: Signer, log: Log): Promise<void> {
  if (signer.trust.timestampAnchorsPem === null)
    log.warn('timestamps are kept and not believed here: DARKROOM_TIMESTAMP_ANCHORS_FILE names no roots for them')
  try {
    const tried = await trySigner(signer)
    if (tried.unstamped !== null)
      log.error(
        { problem: tried.unstamped },
        'the authority on time is out of reach; pictures go on without timestamps',
      )
    else if (signer.trust.timestampAnchorsPem !== null && !(tried.found && tried.timestamp?.trusted === true))
      throw new Fault('config_invalid', {
        field: 'DARKROOM_TIMESTAMP_ANCHORS_FILE',
        detail: 'DARKROOM_TIMESTAMP_ANCHORS_FILE: its roots are not those of the authority at DARKROOM_TIMESTAMP_URL',
      })
  } catch (error) {
    if (!isFault(error, 'signer_failed') || error.facts.away !== true) throw error
    log.error({ error }, 'the signer or the authority on time is out of reach; pictures wait for it')
  }
}

function stampsOf({ timestamps }: Config): Pick<SignerOptions, 'timestamps'> {
  const { url, policy, timeoutMs } = timestamps
  if (url === null || policy === 'off') return {}
  if (isLoopbackProxied(process.env))
    throw new Fault('config_invalid', {
      field: 'NO_PROXY',
      detail: 'NO_PROXY must name 127.0.0.1 beside HTTP_PROXY: timestamps are asked for by way of the loopback',
    })
  return { timestamps: { url, policy, timeoutMs } }
}

/** KMS being away is no reason not to start: pictures wait for it, and each signature is held to the certificate all the same. */
function tellAway(log: Log): (error: Fault) => void {
  return (error) => log.error({ error }, 'the signer is out of reach; pictures wait for it')
}

/** The root that all processes of a deployment must share; null: the development CA's. Fault: config_invalid. */
export async function readOperatorAnchor({ signer }: Config): Promise<string | null> {
  return readBundle(signer.anchor, 'DARKROOM_SIGNER_ANCHOR_FILE')
}

/** The operator's own certificates and key, or null for the development CA. */
async function openOperator(config: Config, log: Log, stack: AsyncDisposableStack): Promise<OperatorSigner | null> {
  const { kind, certificateChain, anchor, privateKey } = config.signer
  if (kind === 'development') return null
  const [chainPem, anchorPem] = await Promise.all([
    readNamed(certificateChain, 'DARKROOM_SIGNER_CERTIFICATE_FILE'),
    readNamed(anchor, 'DARKROOM_SIGNER_ANCHOR_FILE'),
  ])
  certificatesIn(anchorPem, 'DARKROOM_SIGNER_ANCHOR_FILE')
  const certified = publicKeyOf(chainPem)
  const algorithm = algorithmOf(certified)
  holdAlgorithm(config.signer.algorithm, algorithm)
  switch (kind) {
    case 'pem':
      return { chainPem, anchorPem, keyPem: await readNamed(privateKey, 'DARKROOM_SIGNER_KEY_FILE') }
    case 'command': {
      const { command, format, timeoutMs } = config.signer
      return { chainPem, anchorPem, ...commandKey({ command, format, timeoutMs }, algorithm) }
    }
    case 'kms': {
      const { kms, timeoutMs } = config.signer
      const key = stack.use(kmsKey({ ...kms, timeoutMs }, algorithm, certified))
      await key.check().catch((error: unknown) => {
        if (!isFault(error, 'signer_failed') || error.facts.away !== true) throw error
        tellAway(log)(error)
      })
      return { chainPem, anchorPem, ...key }
    }
    default:
      return kind satisfies never
  }
}

function holdAlgorithm(named: Config['signer']['algorithm'], found: SigningAlgorithm): void {
  if (named === 'auto' || named === found) return
  throw new Fault('config_invalid', {
    field: 'DARKROOM_SIGNER_ALGORITHM',
    detail: `DARKROOM_SIGNER_ALGORITHM says ${named}, and the key of DARKROOM_SIGNER_CERTIFICATE_FILE is one for ${found}`,
  })
}

async function readNamed(file: string | null, variable: string): Promise<string> {
  if (file === null) throw new Fault('config_invalid', { field: variable, detail: `${variable} is needed` })
  return readFile(file, 'utf8').catch((cause: unknown) => {
    throw new Fault('config_invalid', { field: variable, detail: `cannot read ${file}`, cause })
  })
}

/** Certificates; null where none are named. */
async function readBundle(file: string | null, variable: string): Promise<string | null> {
  if (file === null) return null
  const text = await readNamed(file, variable)
  certificatesIn(text, variable)
  return text
}
