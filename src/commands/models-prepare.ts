// `darkroom models prepare`: another pack of a model, with a timestep a row, or with products in int8 whose cost is told.
import { costLines, sayApart } from '../../models/prepare/card.ts'
import { isSlower, LEAST_NUMBERS, preparePack } from '../../models/prepare/prepare.ts'
import { chooseQuietly } from '../../workers/quiet-provider.ts'
import type { Config } from '../kernel/config.ts'
import { Fault } from '../kernel/fault.ts'
import { whole } from './models-bench.ts'

export type PrepareOptions = {
  as: string | undefined
  int8: boolean
  keep: boolean
  prompts: readonly string[]
  steps: string | undefined
}

const PROMPTS = ['a red boat on the sea at sunset', 'a cat under a tree', 'a small house in the mountains at night']

export async function prepareModel(
  { packsDir, provider: wanted, threads }: Pick<Config, 'packsDir' | 'provider' | 'threads'>,
  id: string,
  { as = `${id}-prepared`, int8, keep, prompts, steps }: PrepareOptions,
): Promise<void> {
  const measured = { keep, prompt: prompts.length > 0, steps: steps !== undefined }
  for (const [option, given] of Object.entries(measured))
    if (given && !int8) throw new Fault('invalid_request', { field: `--${option}`, detail: 'it is of --int8' })
  const { provider } = await chooseQuietly(wanted)
  const order = {
    ...{ packsDir, id, as, session: { provider, threads } },
    int8: int8
      ? {
          leastNumbers: LEAST_NUMBERS,
          prompts: prompts.length === 0 ? PROMPTS : prompts,
          steps: steps === undefined ? null : whole(steps, '--steps', 1000),
          keepSlower: keep,
        }
      : null,
  }
  const { dir, changes, apart, cost } = await preparePack(order, (stage) => process.stderr.write(`${stage}\n`))
  const lines = [
    ...changes,
    ...(apart === null ? [] : [sayApart(apart)]),
    ...(cost === null ? [] : costLines(cost)),
    ...(cost !== null && isSlower(cost) ? ['IT IS SLOWER ON THIS MACHINE.'] : []),
    dir === null ? 'Nothing was kept; --keep keeps it all the same.' : `${as}: made in ${dir}; ${id} stays as it is.`,
  ]
  process.stdout.write(`${lines.join('\n')}\n`)
}
