// `darkroom generate`: asks a running service for pictures through its public API and writes them to files. Without a service at
// the address it starts one in this process, on the same data, and stops it afterwards.
import { readFile, writeFile } from 'node:fs/promises'
import { extname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { readConfig } from '../kernel/config.ts'
import { Fault } from '../kernel/fault.ts'
import { type KeyPlace, keyFileOf } from '../tenant/key-file.ts'
import type { Command } from './command.ts'
import { progressBar } from './progress.ts'
import { reachService } from './reach.ts'

const POLL_MS = 150

export const command: Command = {
  usage: `usage: npm run darkroom -- generate "<prompt>" [--out picture.png] [options]

Asks the service at --url, DARKROOM_URL or HOST:PORT; where none answers, one is started for this picture and stopped again.

  --out FILE          where to write (default darkroom.png); with --n 2 or more, a number is put before the extension
  --n N               how many (default 1)
  --seed N            the first picture's seed
  --label             with a visible label on each
  --model ID  --size WxH  --quality low|medium|high  --negative "<prompt>"  --scheduler NAME
  --steps N           in the place of the quality's
  --scheduler-option NAME=VALUE  changed of the scheduler's configuration, by diffusers' names, as use_karras_sigmas=true; again
                      and again, if you like
  --guidance-scale X  from 0 to 30
  --weighted          (words:1.2), [words] and BREAK count, in both prompts
  --guidance-rescale X     from 0 to 1: how far guidance is brought back to its own deviation
  --true-guidance-scale X  by the negative prompt, for models that have true guidance
  --timesteps T,T,... or --sigmas S,S,...  a schedule of your own, descending, in the place of the quality's steps
  --url URL           the service (default http://HOST:PORT; DARKROOM_URL)
The key is read from DARKROOM_KEY, else from the client key in $DARKROOM_HOME/keys.json.`,
  run,
}

async function run(args: string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      out: { type: 'string', default: 'darkroom.png' },
      n: { type: 'string', default: '1' },
      seed: { type: 'string' },
      model: { type: 'string' },
      size: { type: 'string' },
      quality: { type: 'string' },
      negative: { type: 'string' },
      scheduler: { type: 'string' },
      'scheduler-option': { type: 'string', multiple: true },
      weighted: { type: 'boolean' },
      steps: { type: 'string' },
      'guidance-scale': { type: 'string' },
      'guidance-rescale': { type: 'string' },
      'true-guidance-scale': { type: 'string' },
      timesteps: { type: 'string' },
      sigmas: { type: 'string' },
      label: { type: 'boolean' },
      url: { type: 'string' },
    },
  })
  const [prompt, ...rest] = positionals
  if (prompt === undefined || rest.length > 0)
    throw new Fault('invalid_request', { field: 'prompt', detail: 'give one prompt, in quotes' })
  const config = readConfig(process.env)
  await using service = await reachService(config, values.url)
  const client = apiClient(service.url, process.env.DARKROOM_KEY ?? (await clientKey(config)))
  const order = {
    prompt,
    n: whole(values.n, '--n'),
    output_format: formatOf(values.out),
    ...(values.seed === undefined ? {} : { seed: whole(values.seed, '--seed') }),
    ...(values.model === undefined ? {} : { model: values.model }),
    ...(values.size === undefined ? {} : { size: values.size }),
    ...(values.quality === undefined ? {} : { quality: values.quality }),
    ...(values.negative === undefined ? {} : { negative_prompt: values.negative }),
    ...(values.label === true ? { label: true } : {}),
    ...samplingOf(values),
  }
  const done = await follow(client, await client.post('/v1/generations', order))
  await keep(client, done, values.out)
  process.stdout.write(`generation ${new URL(`/v1/generations/${done.id}`, service.url)}\n`)
}

type Scale = 'guidance-scale' | 'guidance-rescale' | 'true-guidance-scale'
type SamplingValues = {
  [name in 'scheduler' | 'steps' | Scale | 'timesteps' | 'sigmas']?: string | undefined
} & { weighted?: boolean | undefined; 'scheduler-option'?: string[] | undefined }

function samplingOf(values: SamplingValues) {
  const number = (name: Scale) => {
    const [value] = values[name] === undefined ? [] : numbers(values[name], `--${name}`, 1)
    return value === undefined ? {} : { [name.replaceAll('-', '_')]: value }
  }
  const list = (name: 'timesteps' | 'sigmas') =>
    values[name] === undefined ? {} : { [name]: numbers(values[name], `--${name}`) }
  return {
    ...(values.scheduler === undefined ? {} : { scheduler: values.scheduler }),
    ...(values['scheduler-option'] === undefined ? {} : { scheduler_options: optionsOf(values['scheduler-option']) }),
    ...(values.steps === undefined ? {} : { steps: whole(values.steps, '--steps') }),
    ...(values.weighted === true ? { prompt_syntax: 'weighted' } : {}),
    ...number('guidance-scale'),
    ...number('guidance-rescale'),
    ...number('true-guidance-scale'),
    ...list('timesteps'),
    ...list('sigmas'),
  }
}

/** `true`, `false` and numbers are themselves, anything else is text; the service says which it takes. */
function optionsOf(texts: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(
    texts.map((text) => {
      const [, name, value = ''] = /^(\w+)=(.+)$/.exec(text) ?? []
      if (name === undefined)
        throw new Fault('invalid_request', { field: '--scheduler-option', detail: 'expected NAME=VALUE' })
      return [name, /^(true|false|\d+(\.\d+)?)$/.test(value) ? JSON.parse(value) : value]
    }),
  )
}

type Statement = { id: string; notice: string; appeal_url: string | null }
type Generation = {
  id: string
  state: string
  failure: string | null
  progress: { step: number; steps: number; position: number | null }
  statement: Statement | null
  images: {
    id: string
    state: string
    seed: number
    failure: string | null
    url: string | null
    statement: Statement | null
    provenance: { validation_state: string } | null
  }[]
}

type Client = ReturnType<typeof apiClient>

function apiClient(base: string, key: string) {
  const call = async (path: string, init: RequestInit = {}) => {
    const response = await fetch(new URL(path, base), {
      ...init,
      headers: { ...init.headers, authorization: `Bearer ${key}` },
    })
    if (response.ok) return response
    const problem: unknown = await response.json().catch(() => null)
    const said = typeof problem === 'object' && problem !== null && 'detail' in problem ? String(problem.detail) : null
    const field =
      typeof problem === 'object' && problem !== null && 'field' in problem ? String(problem.field) : undefined
    throw new Fault('invalid_request', {
      detail: said ?? `the service answered ${response.status}`,
      ...(field === undefined ? {} : { field }),
    })
  }
  return {
    base,
    post: async (path: string, body: unknown): Promise<Generation> =>
      (
        await call(path, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(body),
        })
      ).json() as Promise<Generation>,
    get: async (path: string): Promise<Generation> => (await call(path)).json() as Promise<Generation>,
    bytes: async (path: string): Promise<Buffer> => Buffer.from(await (await call(path)).arrayBuffer()),
  }
}

const ENDED = new Set(['done', 'refused', 'failed', 'cancelled', 'expired'])

async function follow(client: Client, started: Generation): Promise<Generation> {
  const bar = progressBar(process.stderr)
  let now = started
  while (!ENDED.has(now.state)) {
    const { step, steps, position } = now.progress
    bar.show(step, steps, now.state === 'queued' ? `queued, ${position ?? 0} before it` : `step ${step} of ${steps}`)
    await sleep(POLL_MS)
    now = await client.get(`/v1/generations/${now.id}`)
  }
  bar.end()
  return now
}

/** Writes what was released, says why the rest was not, and fails if nothing was. */
async function keep(client: Client, generation: Generation, out: string): Promise<void> {
  const many = generation.images.length > 1
  let kept = 0
  for (const [index, image] of generation.images.entries()) {
    if (image.url === null) {
      const why = image.statement?.notice ?? image.failure ?? image.state
      if (generation.statement === null) process.stderr.write(`image ${index + 1}: not released: ${why}\n`)
      if (image.statement !== null) tellStatement(client, image.statement)
      continue
    }
    const extension = extname(out)
    const file = many ? `${out.slice(0, out.length - extension.length)}-${index + 1}${extension}` : out
    await writeFile(file, await client.bytes(image.url))
    process.stdout.write(`${file}  seed ${image.seed}  signed: ${image.provenance?.validation_state ?? 'no'}\n`)
    kept++
  }
  if (generation.statement !== null) {
    process.stderr.write(`refused: ${generation.statement.notice}\n`)
    tellStatement(client, generation.statement)
  }
  if (generation.failure !== null) process.stderr.write(`failed: ${generation.failure}\n`)
  if (kept === 0) process.exitCode = 1
}

/** Where it can be read, and appealed where it can be. Restricted ones have no page. */
function tellStatement({ base }: Client, { id, appeal_url: page }: Statement): void {
  process.stderr.write(`statement ${new URL(page ?? `/v1/statements/${id}`, base)}\n`)
}

function whole(text: string, field: string): number {
  const number = Number(text)
  if (text.trim() === '' || !Number.isSafeInteger(number))
    throw new Fault('invalid_request', { field, detail: 'expected a whole number' })
  return number
}

function numbers(text: string, field: string, most = Infinity): number[] {
  const parts = text.split(',').map((part) => part.trim())
  const read = parts.map(Number)
  if (read.length > most || parts.includes('') || !read.every(Number.isFinite))
    throw new Fault('invalid_request', {
      field,
      detail: most === 1 ? 'expected a number' : 'expected numbers with commas between them',
    })
  return read
}

function formatOf(file: string): string {
  const extension = extname(file).slice(1).toLowerCase()
  if (extension === 'png' || extension === 'webp' || extension === 'jpeg') return extension
  if (extension === 'jpg') return 'jpeg'
  throw new Fault('invalid_request', { field: '--out', detail: 'the file must end in .png, .jpg, .jpeg or .webp' })
}

async function clientKey(place: KeyPlace): Promise<string> {
  const { path: file } = await keyFileOf(place)
  try {
    const keys: unknown = JSON.parse(await readFile(file, 'utf8'))
    if (typeof keys === 'object' && keys !== null && 'client' in keys && typeof keys.client === 'string')
      return keys.client
  } catch (cause) {
    throw new Fault('unauthenticated', {
      field: 'DARKROOM_KEY',
      detail: `no key: set DARKROOM_KEY, or check ${file}`,
      cause,
    })
  }
  throw new Fault('unauthenticated', { field: file, detail: 'the key file has no client key' })
}
