// Which provider serves, for commands that open sessions in their own process: tried in another, whose libraries may print what they like.
import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { ModelError } from '../models/runtime/error.ts'
import type { ProviderChoice } from '../models/runtime/sessions.ts'
import type { Config } from '../src/kernel/config.ts'
import type { Chosen } from './choose-provider.ts'

const ENTRY = fileURLToPath(new URL('./choose-provider.ts', import.meta.url))

/** ModelError model_error: the one that is wanted cannot serve, or trying it ended the process. */
export async function chooseQuietly(wanted: Config['provider']): Promise<ProviderChoice> {
  const child = fork(ENTRY, [], { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] })
  const { promise, resolve, reject } = Promise.withResolvers<Chosen>()
  child.once('message', (chosen: Chosen) => resolve(chosen))
  child.once('error', reject)
  child.once('close', (code, signal) =>
    reject(
      new ModelError(
        'model_error',
        `trying the provider ${wanted} ended its process: ${signal ?? `exit code ${code}`}`,
      ),
    ),
  )
  child.send(wanted)
  const chosen = await promise
  if ('refused' in chosen) throw new ModelError('model_error', chosen.refused)
  return chosen
}
