// Secrets of a deployment: one signs links of the file store, one salts what callers say of their users, one seals the secrets of
// webhooks, one opens statements to whoever bears their link: losing one breaks links and comparisons, never a record. One seals the
// quarantine: without it no picture in there can be read again. The last signs the log's checkpoints.
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { damaged, type SecretPlace, secretFile, secretsDirOf } from '../kernel/secret-files.ts'

const BYTES = 32

/** The 32 bytes of secret `name`, made on first use. Fault: config_invalid. */
export async function homeSecret(
  place: SecretPlace,
  name: 'links' | 'users' | 'webhooks' | 'statements' | 'quarantine' | 'log',
): Promise<Buffer> {
  const file = `${name}.key`
  const text = await secretFile(place, file, async () => randomBytes(BYTES).toString('hex'))
  if (!/^[0-9a-f]{64}\s*$/.test(text)) throw damaged(join(secretsDirOf(place), file))
  return Buffer.from(text.trim(), 'hex')
}
