// `darkroom models`: packs are pulled from a hub, adopted from a folder, listed, verified and removed. One that cannot be served is
// told with its reason wherever packs are told. Each act has a file beside this one.
import { parseArgs } from 'node:util'
import { asModelError, ModelError } from '../../models/runtime/error.ts'
import { toFault } from '../../workers/inference-fault.ts'
import { readConfig } from '../kernel/config.ts'
import { Fault } from '../kernel/fault.ts'
import type { Command } from './command.ts'
import { listModels } from './models-list.ts'
import { pullModel } from './models-pull.ts'
import { adoptModel, removeModel, verifyModels } from './models-tend.ts'

export const command: Command = {
  usage: `usage: npm run darkroom -- models list
       npm run darkroom -- models verify [ID]
       npm run darkroom -- models pull OWNER/NAME[@REVISION] [--include PATTERN ...] [--id ID] [--licence NAME] [--accept-licence NAME]
       npm run darkroom -- models adopt FOLDER [--licence NAME]
       npm run darkroom -- models remove ID [--yes]

Packs lie in DARKROOM_PACKS_DIR. Without an act: list, then verify.

  --include PATTERN       of what the repository has, only paths that match ('unet/**'); may be given again
  --id ID                 what the pack is called here (default: the repository's name)
  --licence NAME          the licence, where the card states none
  --accept-licence NAME   accepts it without being asked; NAME must be the licence's
  --yes                   removes without being asked
HF_ENDPOINT, HF_TOKEN, DARKROOM_PULL_MAX_BYTES: docs/configuration.md. Bringing a model: docs/models.md.`,
  run: (args) =>
    run(args).catch((error: unknown) => {
      throw error instanceof ModelError ? toFault(asModelError(error, 'models')) : error
    }),
}

async function run(args: string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      include: { type: 'string', multiple: true, default: [] },
      id: { type: 'string' },
      licence: { type: 'string' },
      'accept-licence': { type: 'string' },
      yes: { type: 'boolean', default: false },
    },
  })
  const [act, subject, ...rest] = positionals
  if (rest.length > 0)
    throw new Fault('invalid_request', { field: 'models', detail: `there is nothing to do with '${rest[0]}'` })
  const needed = (field: string) => {
    if (subject !== undefined) return subject
    throw new Fault('invalid_request', { field, detail: `models ${act} takes one` })
  }
  const config = readConfig(process.env)
  switch (act) {
    case undefined:
      await listModels(config)
      return verifyModels(config)
    case 'list':
      return listModels(config)
    case 'verify':
      return verifyModels(config, subject)
    case 'pull':
      return pullModel(config, needed('OWNER/NAME'), { ...values, acceptLicence: values['accept-licence'] })
    case 'adopt':
      return adoptModel(config, needed('FOLDER'), values.licence)
    case 'remove':
      return removeModel(config, needed('ID'), values.yes)
    default:
      throw new Fault('invalid_request', { field: 'models', detail: 'say list, verify, pull, adopt or remove' })
  }
}
