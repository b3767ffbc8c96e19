// `darkroom policy`: checks a moderation policy, explains what it makes of a prompt and of scores, compares two, and tells which one was
// in force. Only the last opens the records.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type Config, readConfig } from '../kernel/config.ts'
import { openDatabase } from '../kernel/database.ts'
import { Fault } from '../kernel/fault.ts'
import { diffPolicies } from '../policy/diff.ts'
import { readPolicyFile } from '../policy/document.ts'
import { loadModerationPolicy, readModerationPolicy } from '../policy/load.ts'
import { loadReviewRules } from '../policy/review-rules.ts'
import { isSettings, policyOf, requireFitting, type Settings } from '../policy/settings.ts'
import { loadTranslations, sentencesOf } from '../policy/translations.ts'
import { inForce } from '../policy/versions.ts'
import type { Command } from './command.ts'
import { explainPolicy } from './policy-explain.ts'
import { tellChanges, tellExplanation } from './policy-told.ts'

const OPTIONS = {
  purpose: { type: 'string' },
  negative: { type: 'string' },
  scores: { type: 'string' },
  'tenant-settings': { type: 'string' },
  policy: { type: 'string' },
  json: { type: 'boolean', default: false },
  at: { type: 'string' },
  id: { type: 'string', default: 'moderation' },
} as const
type Values = ReturnType<typeof parse>['values']

export const command: Command = {
  usage: `usage: npm run darkroom -- policy check [FILE]
       npm run darkroom -- policy explain "PROMPT" [--negative TEXT] [--purpose PURPOSE] [--scores '{"violence": 0.4}']
                                          [--tenant-settings FILE.json] [--policy FILE] [--json]
       npm run darkroom -- policy diff OLD NEW [--json]
       npm run darkroom -- policy in-force [--at TIME] [--id moderation] [--json]

FILE is moderation.yaml of DARKROOM_POLICIES_DIR unless said. 'check' exits with 1 and every problem with its line; without a FILE it reads the translations too. 'diff' compares
by meaning: it exits with 0 when both say the same, with 1 when they differ. 'in-force' reads the records of DATABASE_URL.`,
  run,
}

function parse(args: string[]) {
  return parseArgs({ args, options: OPTIONS, allowPositionals: true })
}

async function run(args: string[]): Promise<void> {
  const { values, positionals } = parse(args)
  const [verb, first, second, ...rest] = positionals
  const config = readConfig(process.env)
  if (rest.length === 0)
    switch (verb) {
      case 'check':
        if (second === undefined) return check(config, first ?? null)
        break
      case 'explain':
        if (first !== undefined && second === undefined) return explain(config, first, values)
        break
      case 'diff':
        if (first !== undefined && second !== undefined) return diff(first, second, values)
        break
      case 'in-force':
        if (first === undefined) return tellInForce(config, values)
        break
    }
  throw new Fault('invalid_request', {
    field: 'policy',
    detail: 'say check [FILE], explain "PROMPT", diff OLD NEW, or in-force; --help tells more',
  })
}

function shippedFile({ policiesDir }: Config): string {
  return join(policiesDir, 'moderation.yaml')
}

/** Without a file the shipped one, and what is said of it in other languages. */
async function check(config: Config, file: string | null): Promise<void> {
  const policy = await loadModerationPolicy(file ?? shippedFile(config))
  const { id, version, digest, categories, clauses } = policy
  const size = `${categories.length} categories, ${clauses.size} clauses`
  process.stdout.write(`${id} ${version}, sha256 ${digest}: ${size}, no fault\n`)
  if (file !== null) return
  const known = sentencesOf(policy, await loadReviewRules(join(config.policiesDir, 'review.yaml')))
  for (const [language, sentences] of await loadTranslations(join(config.policiesDir, 'translations'), known))
    process.stdout.write(`translation ${language}: ${sentences.size} of ${known.size} sentences, no fault\n`)
}

async function explain(config: Config, prompt: string, values: Values): Promise<void> {
  const shipped = await loadModerationPolicy(values.policy ?? shippedFile(config))
  const settings = values['tenant-settings'] === undefined ? null : await readSettings(values['tenant-settings'])
  if (settings !== null) requireFitting(shipped, settings)
  const asked = {
    prompt,
    tenant: 'cli',
    ...(values.negative === undefined ? {} : { negativePrompt: values.negative }),
    ...(values.purpose === undefined ? {} : { purpose: values.purpose }),
  }
  const scores = values.scores === undefined ? null : readScores(values.scores)
  const explanation = explainPolicy(policyOf(shipped, settings), asked, scores)
  process.stdout.write(values.json ? `${JSON.stringify(explanation, null, 2)}\n` : tellExplanation(explanation))
}

async function diff(before: string, after: string, { json }: Values): Promise<void> {
  const [one, other] = await Promise.all(
    [before, after].map(async (file) => {
      const { bytes, name } = await readPolicyFile(file)
      return readModerationPolicy(bytes, name).document
    }),
  )
  if (one === undefined || other === undefined) throw new TypeError('two files were read')
  const changes = diffPolicies(one, other)
  process.stdout.write(json ? `${JSON.stringify(changes, null, 2)}\n` : tellChanges(changes))
  // The command line ends the process with what is set here.
  process.exitCode = changes.length === 0 ? 0 : 1
}

async function tellInForce(config: Config, { at, id, json }: Values): Promise<void> {
  if (config.databaseUrl === null)
    throw new Fault('config_invalid', {
      field: 'DATABASE_URL',
      detail:
        'the embedded records belong to the running service alone: ask it by GET /v1/admin/policies?id=...&at=..., or name a ' +
        'PostgreSQL database',
    })
  const time = at === undefined ? new Date() : new Date(at)
  if (Number.isNaN(time.getTime())) throw new Fault('invalid_request', { field: 'at', detail: '--at is not a time' })
  await using database = await openDatabase({
    url: config.databaseUrl,
    ...(config.postgres === null ? {} : { postgres: config.postgres }),
    home: config.home,
  })
  const found = await inForce(database.sql, id, time)
  if (found === null) {
    process.stdout.write(json ? 'null\n' : `no policy ${id} was in force at ${time.toISOString()}\n`)
    process.exitCode = 1
    return
  }
  const { version, digest, live_from, live_until, program } = found
  const until = live_until === null ? 'now' : live_until.toISOString()
  process.stdout.write(
    json
      ? `${JSON.stringify({ id, version, digest, live_from, live_until, program }, null, 2)}\n`
      : `${id} ${version}, sha256 ${digest}, from ${live_from.toISOString()} until ${until} (Darkroom ${program})\n`,
  )
}

async function readSettings(file: string): Promise<Settings> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new Fault('invalid_request', { field: 'tenant-settings', detail: `cannot read ${file}`, cause })
  })
  const settings = jsonOf(text, 'tenant-settings')
  if (isSettings(settings)) return settings
  throw new Fault('invalid_request', {
    field: 'tenant-settings',
    detail: 'settings look like {"categories": {"violence": {"hold": 0.3, "deny": 0.7, "ignore_contexts": true}}}',
  })
}

function readScores(text: string): Record<string, number> {
  const scores = jsonOf(text, 'scores')
  const entries =
    typeof scores === 'object' && scores !== null && !Array.isArray(scores) ? Object.entries(scores) : null
  const numbers = entries?.flatMap(([id, score]: [string, unknown]) => (typeof score === 'number' ? [[id, score]] : []))
  if (numbers === undefined || numbers.length !== entries?.length)
    throw new Fault('invalid_request', { field: 'scores', detail: `scores look like {"violence": 0.4}` })
  return Object.fromEntries(numbers)
}

function jsonOf(text: string, field: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new Fault('invalid_request', { field, detail: `${field} is not JSON`, cause })
  }
}
