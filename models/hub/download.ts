// One file of a hub, fetched so that what has arrived is never fetched again: a part file is named by the digest that it will have, so
// that a part of another file cannot be taken for it, and is continued by Range. Nothing counts as the file before its digest is right.
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, open, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { ModelError } from '../runtime/error.ts'
import type { Wanted } from './choose.ts'
import { type Hub, type HubFile, isTransient, refusedBy, unreachable } from './hub.ts'

export type Source = { hub: Hub; repo: string; commit: string }
export type Patience = {
  /** Attempts in a row that bring nothing. */
  tries: number
  /** Before the second attempt; doubled before each next one. */
  pauseMs: number
  /** A connection that is silent for so long is given up. */
  idleMs: number
}
export const PATIENT: Patience = { tries: 6, pauseMs: 1000, idleMs: 60_000 }

/**
 * Fetches `file` to `<files>/<target>`, by way of `<parts>/<digest>`. `onBytes` hears what is there already, then what arrives.
 * ModelError: pack_missing (not to be had now: run it again), pack_corrupt (not what the hub lists).
 */
export async function fetchFile(
  source: Source,
  file: Wanted,
  { files, parts }: { files: string; parts: string },
  onBytes: (bytes: number) => void,
  patience: Patience = PATIENT,
): Promise<void> {
  const target = join(files, file.target)
  if ((await sizeOf(target)) === file.sizeBytes && (await digestOf(target, file)) === file.digest.hex)
    return onBytes(file.sizeBytes)
  const part = join(parts, file.digest.hex)
  await mkdir(parts, { recursive: true })
  await mkdir(dirname(target), { recursive: true })
  const told = (await sizeOf(part)) ?? 0
  if (told > file.sizeBytes) await rm(part)
  else onBytes(told)
  // No range of nothing can be asked for.
  if (file.sizeBytes === 0) await writeFile(part, '')
  for (let fruitless = 0; ((await sizeOf(part)) ?? 0) < file.sizeBytes; ) {
    const before = (await sizeOf(part)) ?? 0
    const failure = await fetchRest(source, file, part, onBytes, patience)
    if (failure === null) break
    fruitless = ((await sizeOf(part)) ?? 0) > before ? 0 : fruitless + 1
    if (fruitless >= patience.tries || patience.tries === 1) throw failure
    await pause(Math.min(60_000, patience.pauseMs * 2 ** fruitless))
  }
  const found = await digestOf(part, file)
  if (found !== file.digest.hex) {
    // It would be wrong for ever.
    await rm(part)
    throw new ModelError(
      'pack_corrupt',
      `${file.path}: ${file.digest.algorithm} ${found}; the hub lists ${file.digest.hex}; run it again`,
      {
        file: file.path,
        digest: found,
        expectedDigest: file.digest.hex,
      },
    )
  }
  await rename(part, target)
}

/** Null: nothing is left to fetch. A failure that another try may mend is returned, any other thrown. */
async function fetchRest(
  { hub, repo, commit }: Source,
  file: HubFile,
  part: string,
  onBytes: (bytes: number) => void,
  { idleMs }: Patience,
): Promise<ModelError | null> {
  const silence = new AbortController()
  const timer = setTimeout(() => silence.abort(new Error(`silent for ${idleMs} ms`)), idleMs)
  try {
    const { url } = expectListed(file, await hub.locate(repo, commit, file.path))
    const have = (await sizeOf(part)) ?? 0
    const response = await hub.read(url, have, silence.signal)
    if (response.status !== 200 && response.status !== 206) throw refusedBy(response.status, hub.address, repo)
    // A server without ranges sends the whole.
    const from = response.status === 206 ? startOf(response, file) : 0
    if (from > have) throw unlike(file, `it begins at byte ${from}, asked was ${have}`)
    if (from < have) onBytes(from - have)
    await using writing = await open(part, from === 0 ? 'w' : 'r+')
    await writing.truncate(from)
    let at = from
    for await (const chunk of response.body ?? []) {
      timer.refresh()
      if (at + chunk.byteLength > file.sizeBytes) throw unlike(file, `more than ${file.sizeBytes} bytes`)
      for (let done = 0; done < chunk.byteLength; )
        done += (await writing.write(chunk, done, chunk.byteLength - done, at + done)).bytesWritten
      at += chunk.byteLength
      onBytes(chunk.byteLength)
    }
    return at === file.sizeBytes
      ? null
      : unreachable(hub.address, repo, new Error(`it ended ${file.sizeBytes - at} bytes early`))
  } catch (error) {
    if (isTransient(error)) return error
    // A full disk is not the network's fault.
    if (error instanceof ModelError || (error instanceof Error && 'syscall' in error && error.syscall === 'write'))
      throw error
    return unreachable(hub.address, repo, error)
  } finally {
    clearTimeout(timer)
  }
}

function startOf(response: Response, file: HubFile): number {
  const [, from, total] = /^bytes (\d+)-\d+\/(\d+)$/.exec(response.headers.get('content-range') ?? '') ?? []
  if (from === undefined || Number(total) !== file.sizeBytes)
    throw unlike(file, `range ${response.headers.get('content-range')}`)
  return Number(from)
}

/** The hub serves what it lists: an ETag that is a digest of either kind must be the file's. */
function expectListed<T extends { etag: string; sizeBytes: number }>(file: HubFile, located: T): T {
  const { etag, sizeBytes } = located
  if (sizeBytes !== file.sizeBytes) throw unlike(file, `${sizeBytes} bytes`)
  const sameKind = new RegExp(`^[0-9a-f]{${file.digest.hex.length}}$`).test(etag)
  if (sameKind && etag !== file.digest.hex) throw unlike(file, `ETag ${etag}`)
  return located
}

function unlike(file: HubFile, what: string): ModelError {
  return new ModelError(
    'pack_corrupt',
    `${file.path}: the hub sends ${what}, and lists ${file.sizeBytes} bytes, ${file.digest.hex}`,
    {
      file: file.path,
      field: 'etag',
      expectedDigest: file.digest.hex,
    },
  )
}

async function digestOf(path: string, { digest, sizeBytes }: HubFile): Promise<string> {
  const hash = digest.algorithm === 'sha256' ? createHash('sha256') : createHash('sha1').update(`blob ${sizeBytes}\0`)
  for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 })) hash.update(chunk)
  return hash.digest('hex')
}

/** Null: there is none. */
async function sizeOf(path: string): Promise<number | null> {
  return stat(path).then(
    ({ size }) => size,
    () => null,
  )
}
