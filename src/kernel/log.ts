// Structured logs on standard error: a constant message and fields. Never a prompt, a pixel or a key.
import { type Logger, pino } from 'pino'

export type Log = Logger

const SECRET_PATHS = [
  'prompt',
  'negativePrompt',
  'key',
  'authorization',
  'headers.authorization',
  'headers.cookie',
  'rgb',
]

export function openLog(level: string, destination: NodeJS.WritableStream = process.stderr): Log {
  return pino(
    {
      level,
      base: { service: 'darkroom', pid: process.pid },
      redact: { paths: [...SECRET_PATHS, ...SECRET_PATHS.map((path) => `*.${path}`)], censor: '[withheld]' },
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: errorFields, error: errorFields },
    },
    destination,
  )
}

/** What may be said of an error: its class, code, retry and cause chain; a database's row detail is left out. */
function errorFields(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { message: String(error) }
  const fields: Record<string, unknown> = { type: error.name, message: error.message, stack: error.stack }
  for (const name of ['code', 'retry', 'field', 'facts', 'constraint', 'table'] as const)
    if (name in error) fields[name] = Reflect.get(error, name)
  if (error.cause !== undefined) fields.cause = errorFields(error.cause)
  return fields
}
