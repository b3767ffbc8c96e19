// `darkroom models`: packs are pulled from a hub, adopted from a folder, prepared, measured, listed, verified and removed. One that
// cannot be served is told with its reason wherever packs are told. Each act has a file beside this one.
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
       npm run darkroom -- models prepare ID [--as ID] [--int8 [--keep] [--prompt TEXT ...] [--steps N]]
       npm run darkroom -- models bench ID [--steps N] [--batch 1,2,4] [--rounds 7] [--json]
       npm run darkroom -- models remove ID [--yes]

Packs lie in DARKROOM_PACKS_DIR. Without an act: list, then verify.

  --include PATTERN       of what the repository has, only paths that match ('unet/**'); may be given again
  --id ID                 what the pack is called here (default: the repository's name)
  --licence NAME          the licence, where the card states none
  --accept-licence NAME   accepts it without being asked; NAME must be the licence's
  --as ID                 what the prepared pack is called (default: ID-prepared); the other stays as it is
  --int8                  products with constant matrices in eight bits; what it costs is drawn, measured and told
  --keep                  keeps it where it is slower on this machine, too
  --prompt TEXT           what is drawn to measure it; may be given again (default: three)
  --steps N               of a picture (default: the model's medium quality)
  --batch N,N  --rounds N pictures in one run; how often each is drawn
  --json                  figures for a program
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
      as: { type: 'string' },
      int8: { type: 'boolean', default: false },
      keep: { type: 'boolean', default: false },
      prompt: { type: 'string', multiple: true, default: [] },
      steps: { type: 'string' },
      batch: { type: 'string', default: '1,2,4' },
      rounds: { type: 'string', default: '7' },
      json: { type: 'boolean', default: false },
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
    // Only these open sessions, and load the runtime for it.
    case 'prepare': {
      const { prepareModel } = await import('./models-prepare.ts')
      const { as, int8, keep, steps, prompt: prompts } = values
      return prepareModel(config, needed('ID'), { as, int8, keep, prompts, steps })
    }
    case 'bench': {
      const { benchOne } = await import('./models-bench.ts')
      return benchOne(config, needed('ID'), values)
    }
    case 'remove':
      return removeModel(config, needed('ID'), values.yes)
    default:
      throw new Fault('invalid_request', {
        field: 'models',
        detail: 'say list, verify, pull, adopt, prepare, bench or remove',
      })
  }
}
