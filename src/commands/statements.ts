// `darkroom statements`: a period's payloads for the Transparency Database, one a line, and the rows of a report, through a service's API
// with a key that may read them. Nothing is sent anywhere.
import { open, rm } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { readConfig } from '../kernel/config.ts'
import { Fault } from '../kernel/fault.ts'
import { type Api, textOf, withApi } from './admin-api.ts'
import type { Command } from './command.ts'

const OPTIONS = {
  from: { type: 'string' },
  to: { type: 'string' },
  out: { type: 'string' },
  url: { type: 'string' },
} as const

export const command: Command = {
  usage: `usage: npm run darkroom -- statements export --from TIME --to TIME [--out FILE.jsonl]
       npm run darkroom -- statements report --from TIME --to TIME [--out FILE.json]

export writes one StatementStoreRequest of the DSA Transparency Database a line, oldest first; report the rows of a transparency
report and whether they reconcile with the records (exit status 1 where they do not).

  --from, --to  a day of UTC (2026-01-01) or a moment (2026-01-01T12:00:00Z); from is in the period, to is not
  --out FILE    write there instead of to standard output; the file must not exist yet
  --url URL     the service (default http://HOST:PORT; DARKROOM_URL)
The key is read from DARKROOM_KEY (a compliance officer's will do), else it is the admin key of the key file.`,
  run: async (args) => {
    const { values, positionals } = parseArgs({ args, allowPositionals: true, options: OPTIONS })
    const [act, ...rest] = positionals
    if ((act !== 'export' && act !== 'report') || rest.length > 0)
      throw new Fault('invalid_request', { field: 'command', detail: 'say export or report' })
    const period = `from=${momentOf(values.from, '--from')}&to=${momentOf(values.to, '--to')}`
    await withApi(readConfig(process.env), values, (api) =>
      writing(values.out, (write) => (act === 'export' ? exportAll(api, period, write) : report(api, period, write))),
    )
  },
}

type Write = (text: string) => Promise<unknown>

async function exportAll(api: Api, period: string, write: Write): Promise<void> {
  let count = 0
  for (let next: string | null = ''; next !== null; ) {
    const page: object = await api('GET', `/v1/audit/statements?${period}${next === '' ? '' : `&after=${next}`}`)
    const payloads: unknown = Reflect.get(page, 'data')
    if (!Array.isArray(payloads)) throw new Fault('invalid_request', { detail: 'the service answered no list' })
    await write(payloads.map((payload) => `${JSON.stringify(payload)}\n`).join(''))
    count += payloads.length
    next = textOf(page, 'next') || null
  }
  process.stderr.write(`${count} statements\n`)
}

async function report(api: Api, period: string, write: Write): Promise<void> {
  const rows = await api('GET', `/v1/audit/report?${period}`)
  await write(`${JSON.stringify(rows, null, 2)}\n`)
  const { complete, differences } = Object(Reflect.get(rows, 'reconciliation'))
  if (complete === true) return
  for (const { name, difference } of differences) if (difference !== 0) process.stderr.write(`${name}: ${difference}\n`)
  process.exitCode = 1
}

/** A file is there whole or not at all. */
async function writing(out: string | undefined, work: (write: Write) => Promise<void>): Promise<void> {
  if (out === undefined) return work(async (text) => process.stdout.write(text))
  const file = await open(out, 'wx', 0o600).catch((cause: unknown) => {
    throw new Fault('invalid_request', { field: '--out', detail: `cannot make the file ${out}`, cause })
  })
  try {
    await work((text) => file.write(text))
    await file.sync()
  } catch (error) {
    await rm(out, { force: true })
    throw error
  } finally {
    await file.close()
  }
}

function momentOf(text: string | undefined, field: string): string {
  const at = new Date(text !== undefined && /^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00:00Z` : (text ?? ''))
  if (Number.isNaN(at.getTime()))
    throw new Fault('invalid_request', { field, detail: `${field} is a day such as 2026-01-31, or a moment` })
  return encodeURIComponent(at.toISOString())
}
