// Orders an export through a service's API, waits until it is made, and fetches its archive into a file. Its Idempotency-Key follows from
// what was asked, so that the same words lead to the same export, and what was fetched of it already is not fetched again.
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { access, open, rename, rm, stat } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { canonical, sha256 } from '../kernel/canonical.ts'
import type { Config } from '../kernel/config.ts'
import { Fault } from '../kernel/fault.ts'
import { type Api, type Reached, textOf, withApi } from './admin-api.ts'
import { openWaiting, waitingFor } from './audit-waiting.ts'
import { progressBar } from './progress.ts'

type Words = { [name in 'from' | 'to' | 'tenant' | 'kind' | 'subject' | 'out' | 'url']?: string | undefined }
export type ExportWords = Words & { csv: boolean; parquet: boolean }

type Ready = { id: string; sizeBytes: number; sha256: string; matches: number }

const ASK_AGAIN_MS = 500

/** Answers the exit status: 0, or 3 when no row matches. Faults: as withApi; conflict (it failed, or another archive came). */
export async function fetchExport(config: Config, words: ExportWords): Promise<0 | 3> {
  const { out } = words
  if (out === undefined) throw wrong('--out', 'say where the archive is to be written')
  if (await exists(out)) throw wrong('--out', `${out} exists already`)
  const order = orderOf(words)
  return withApi(config, words, async (api, reached) => {
    const ready = await made(api, order)
    await download(reached, ready, out)
    process.stderr.write(`${out}: export ${ready.id}, SHA-256 ${ready.sha256}\n`)
    if (ready.matches > 0) return 0
    process.stdout.write(`no row matches; ${out} shows it\n`)
    return 3
  })
}

function orderOf({ from, to, tenant, kind, subject, csv, parquet }: ExportWords): object {
  const formats = [...(csv ? ['csv'] : []), ...(parquet ? ['parquet'] : [])]
  const asked = { from: momentOf(from, '--from'), to: momentOf(to, '--to'), formats }
  return {
    ...asked,
    ...(tenant === undefined ? {} : { tenant }),
    ...(kind === undefined ? {} : { kind }),
    ...(subject === undefined ? {} : { subject }),
  }
}

async function made(api: Api, order: object): Promise<Ready> {
  const key = `cli-${sha256(canonical(order))}`
  const ordered = await api('POST', '/v1/audit/exports', order, { 'idempotency-key': key })
  const id = textOf(ordered, 'id')
  const bar = progressBar(process.stderr)
  const waiting = process.stderr.isTTY ? null : openWaiting(() => performance.now())
  try {
    for (;;) {
      const now = await api('GET', `/v1/audit/exports/${id}`)
      const state = textOf(now, 'state')
      if (state === 'done') return readyOf(id, now)
      if (state === 'failed')
        throw new Fault('conflict', { field: id, detail: `the export failed: ${textOf(now, 'failure')}` })
      const { rows_done: done, rows } = Object(Reflect.get(now, 'progress'))
      if (typeof rows === 'number' && typeof done === 'number') bar.show(done, rows, `${done} of ${rows} rows`)
      else bar.show(0, 1, 'waiting for the log')
      if (waiting?.isDue(typeof rows !== 'number') === true)
        process.stderr.write(`${id}: ${waitingFor(await api('GET', '/v1/audit/log'), textOf(now, 'to'))}\n`)
      await sleep(ASK_AGAIN_MS)
    }
  } finally {
    bar.end()
  }
}

function readyOf(id: string, answer: object): Ready {
  const { opened, withheld } = Object(Reflect.get(answer, 'counts'))
  return {
    id,
    sizeBytes: Number(Reflect.get(answer, 'size_bytes')),
    sha256: textOf(answer, 'sha256'),
    matches: Number(opened) + Number(withheld),
  }
}

/** The file is there whole and right, or not at all; what came of it lies beside it. */
async function download({ url, key }: Reached, ready: Ready, out: string): Promise<void> {
  const { id, sizeBytes, sha256: digest } = ready
  const part = `${out}.part`
  const had = await stat(part).then(
    ({ size }) => Math.min(size, sizeBytes),
    () => 0,
  )
  if (had < sizeBytes) {
    const answer = await fetch(new URL(`/v1/audit/exports/${id}/archive`, url), {
      headers: {
        authorization: `Bearer ${key}`,
        ...(had === 0 ? {} : { range: `bytes=${had}-`, 'if-range': `"${digest}"` }),
      },
    })
    if (!answer.ok || answer.body === null)
      throw new Fault('invalid_request', { field: id, detail: `the service answered ${answer.status}` })
    await append(part, answer.body, { from: answer.status === 206 ? had : 0, sizeBytes })
  }
  if ((await digestOf(part)) !== digest) {
    await rm(part)
    throw new Fault('conflict', {
      field: part,
      detail: 'what was fetched is not the archive that the service named; run it again',
    })
  }
  await rename(part, out)
}

async function append(
  part: string,
  body: AsyncIterable<Uint8Array>,
  { from, sizeBytes }: { from: number; sizeBytes: number },
): Promise<void> {
  const bar = progressBar(process.stderr)
  const file = await open(part, from === 0 ? 'w' : 'r+', 0o600)
  try {
    await file.truncate(from)
    let at = from
    for await (const bytes of body) {
      await file.write(bytes, 0, bytes.length, at)
      at += bytes.length
      bar.show(at, sizeBytes, `${at} of ${sizeBytes} bytes`)
    }
    await file.sync()
  } finally {
    bar.end()
    await file.close()
  }
}

async function digestOf(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const bytes of createReadStream(path)) hash.update(bytes)
  return hash.digest('hex')
}

/** A day of UTC, or a moment as the service takes it. */
function momentOf(text: string | undefined, field: string): string {
  if (text === undefined || text === '') throw wrong(field, `${field} is a day such as 2026-01-31, or a moment`)
  return /^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00:00Z` : text
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}

function wrong(field: string, detail: string): Fault {
  return new Fault('invalid_request', { field, detail })
}
