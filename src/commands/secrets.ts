// `darkroom secrets init`: makes the files that all machines of a deployment share, to be mounted read-only where they run.
import { readdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { readConfig } from '../kernel/config.ts'
import { Fault } from '../kernel/fault.ts'
import { openDevelopmentChain } from '../mark/development-ca.ts'
import { openMarkKeys } from '../mark/mark-keys.ts'
import { openSharedKeys } from '../tenant/key-file.ts'
import { homeSecret } from '../tenant/secret.ts'
import type { Command } from './command.ts'

export const command: Command = {
  usage: `usage: npm run darkroom -- secrets init <dir>

Makes in <dir> whatever it lacks of the secrets that all machines of a deployment share (links.key, users.key,
webhooks.key, mark-keys.json, development-signer.json) and keys.json, the first keys; what DARKROOM_HOME has already is taken over. Mount the directory on every
machine and set DARKROOM_SECRETS_DIR to it. On Kubernetes:

  kubectl create secret generic darkroom-secrets --from-file=<dir>

Keep a copy: without mark-keys.json no watermark made before can be found again.`,
  run: async ([action, directory, ...rest]) => {
    if (action !== 'init' || directory === undefined || rest.length > 0)
      throw new Fault('invalid_request', { field: 'secrets', detail: 'say: secrets init <dir>' })
    const secretsDir = resolve(directory)
    const place = { home: readConfig(process.env).home, secretsDir }
    await homeSecret(place, 'links')
    await homeSecret(place, 'users')
    await homeSecret(place, 'webhooks')
    await openMarkKeys(place)
    await openDevelopmentChain(place, 'Darkroom')
    await openSharedKeys(place)
    for (const name of (await readdir(secretsDir)).sort()) process.stdout.write(`${join(secretsDir, name)}\n`)
  },
}
