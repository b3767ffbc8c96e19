// `darkroom secrets`: makes the files that all machines of a deployment share, to be mounted read-only where they run, and accepts one that
// was changed on purpose.
import { readdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { readConfig } from '../kernel/config.ts'
import { openDatabase } from '../kernel/database.ts'
import { Fault } from '../kernel/fault.ts'
import { lockHome } from '../kernel/home-lock.ts'
import { openDevelopmentChain } from '../mark/development-ca.ts'
import { openMarkKeys } from '../mark/mark-keys.ts'
import { acceptSecret, SECRET_NAMES } from '../tenant/fingerprints.ts'
import { openSharedKeys } from '../tenant/key-file.ts'
import { homeSecret } from '../tenant/secret.ts'
import type { Command } from './command.ts'
import { readSharedSecret } from './shared-secrets.ts'

export const command: Command = {
  usage: `usage: npm run darkroom -- secrets init <dir>
       npm run darkroom -- secrets accept <${SECRET_NAMES.join('|')}>

init makes in <dir> whatever it lacks of the secrets that all machines of a deployment share (links.key, users.key,
webhooks.key, statements.key, quarantine.key, log.key, mark-keys.json, development-signer.json) and keys.json, the first keys;
what DARKROOM_HOME has already is taken over. Mount the directory on every machine and set DARKROOM_SECRETS_DIR to it. On Kubernetes:

  kubectl create secret generic darkroom-secrets --from-file=<dir>

Keep a copy: without mark-keys.json no watermark made before can be found again, without quarantine.key no picture that waits
for review or appeal can be read again, and without log.key the transparency log ends.

accept takes the secret in this process's DARKROOM_SECRETS_DIR for the one that DATABASE_URL's deployment uses from now on. Every start
refuses another. Change the file for all, accept it once, start every process again; the log notes it. Stop the embedded service first.`,
  run: async ([action, what, ...rest]) => {
    if (what !== undefined && rest.length === 0) {
      if (action === 'init') return init(what)
      if (action === 'accept') return accept(what)
    }
    throw new Fault('invalid_request', {
      field: 'secrets',
      detail: 'say: secrets init <dir>, or secrets accept <name>',
    })
  },
}

async function init(directory: string): Promise<void> {
  const secretsDir = resolve(directory)
  const place = { home: readConfig(process.env).home, secretsDir }
  await homeSecret(place, 'links')
  await homeSecret(place, 'users')
  await homeSecret(place, 'webhooks')
  await homeSecret(place, 'statements')
  await homeSecret(place, 'quarantine')
  await homeSecret(place, 'log')
  await openMarkKeys(place)
  await openDevelopmentChain(place, 'Darkroom')
  await openSharedKeys(place)
  for (const name of (await readdir(secretsDir)).sort()) process.stdout.write(`${join(secretsDir, name)}\n`)
}

/** Alone with the records where they are embedded: those belong to whoever holds the home. */
async function accept(asked: string): Promise<void> {
  const name = SECRET_NAMES.find((one) => one === asked)
  if (name === undefined)
    throw new Fault('invalid_request', { field: 'secrets', detail: `there are ${SECRET_NAMES.join(', ')}` })
  const config = readConfig(process.env)
  using _lock = config.databaseUrl === null ? lockHome(config.home) : null
  await using database = await openDatabase({
    url: config.databaseUrl,
    ...(config.postgres === null ? {} : { postgres: config.postgres }),
    home: config.home,
  })
  const secret = await readSharedSecret(config, name)
  const done = await database.transact((tx) => acceptSecret(tx, secret))
  process.stdout.write(
    done === 'accepted'
      ? `${name} is accepted; start every process again with ${secret.file}\n`
      : `${name} is the one that is known already\n`,
  )
}
