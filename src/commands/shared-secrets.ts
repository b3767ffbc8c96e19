// The secrets of which every process of a deployment must have the same, as this process has them.
// Each is read as its users read it and never shown; tenant/fingerprints.ts holds it against what the deployment began with.
import { join } from 'node:path'
import type { Config } from '../kernel/config.ts'
import { openDevelopmentChain } from '../mark/development-ca.ts'
import { openMarkKeys } from '../mark/mark-keys.ts'
import { SECRET_NAMES, type SecretName, type SharedSecret } from '../tenant/fingerprints.ts'
import { homeSecret } from '../tenant/secret.ts'
import { readOperatorAnchor } from './signer.ts'

/** All that this form of the deployment uses. Faults: config_invalid, signer_failed. */
export async function readSharedSecrets(config: Config): Promise<SharedSecret[]> {
  // Links of a store that serves its own are signed with the account's key.
  const used = SECRET_NAMES.filter((name) => name !== 'links' || config.objects.s3 === null)
  return Promise.all(used.map((name) => readSharedSecret(config, name)))
}

export async function readSharedSecret(config: Config, name: SecretName): Promise<SharedSecret> {
  switch (name) {
    case 'links':
    case 'users':
    case 'webhooks':
    case 'statements':
    case 'quarantine':
      return { name, file: join(config.secretsDir, `${name}.key`), bytes: await homeSecret(config, name) }
    case 'log':
      if (config.logKms !== null)
        return { name, file: 'DARKROOM_LOG_PUBLIC_KEY', bytes: Buffer.from(config.logKms.publicKey, 'hex') }
      return { name, file: join(config.secretsDir, 'log.key'), bytes: await homeSecret(config, 'log') }
    case 'mark-keys': {
      const keys = await openMarkKeys(config)
      const text = keys.map(({ epoch, secret }) => `${epoch} ${Buffer.from(secret).toString('hex')}\n`).join('')
      return { name, file: join(config.secretsDir, 'mark-keys.json'), bytes: Buffer.from(text) }
    }
    case 'signer': {
      const operator = await readOperatorAnchor(config)
      if (operator !== null) return { name, file: 'DARKROOM_SIGNER_ANCHOR_FILE', bytes: certificateOf(operator) }
      const { anchor } = await openDevelopmentChain(config, 'Darkroom')
      return { name, file: join(config.secretsDir, 'development-signer.json'), bytes: certificateOf(anchor) }
    }
    default:
      return name satisfies never
  }
}

/** Line ends and trailing space say nothing. */
function certificateOf(pem: string): Buffer {
  return Buffer.from(pem.replace(/\s+/g, ''))
}
