// Verifies the archive of an export with this software's own code, without a service, and says in plain words what holds.
import { createReadStream } from 'node:fs'
import { open, readFile } from 'node:fs/promises'
import type { Manifest } from '../audit/export-format.ts'
import { NoteError, parseVerifierKey, type VerifierKey } from '../audit/note.ts'
import { type Verdict, verifyArchive } from '../audit/verify-archive.ts'
import type { Kept } from '../audit/verify-kept.ts'
import { progressBar } from './progress.ts'

export type VerifyWords = { key?: string | undefined; checkpoint: string[]; json: boolean }

const SHOW_ROWS = 20_000
const HEADLINES: Record<Verdict['code'], string> = {
  0: 'VERIFIED: everything holds',
  1: 'NOT VERIFIED: something is wrong; what the export says is not to be relied on',
  2: 'NOT CHECKED',
  3: 'VERIFIED: everything holds, and no row matches the query',
  4: 'VERIFIED, but not against every checkpoint that was given: everything in the export holds',
}
const OWN_KEY = 'That is by the key that the export itself names: give --key from elsewhere to know whose it is.'

/** Why a file or a key cannot be used; it is no verdict on the export. */
export class Unusable extends Error {}

/** Prints the verdict; answers the exit status. */
export async function verifyFile(files: readonly string[], words: VerifyWords): Promise<Verdict['code']> {
  try {
    const [file, ...rest] = files
    if (file === undefined || rest.length > 0) throw new Unusable('give one archive')
    const key = words.key === undefined ? null : await readKey(words.key)
    const kept: Kept[] = []
    for (const name of words.checkpoint) kept.push({ name, note: await readWhole(name) })
    const verdict = await verifyOne(file, key, kept)
    process.stdout.write(words.json ? asJson(verdict) : describe(verdict, key !== null))
    return verdict.code
  } catch (error) {
    if (!(error instanceof Unusable)) throw error
    if (words.json)
      process.stdout.write(
        asJson({ code: 2, failures: [], failureCount: 0, unchecked: [error.message], unheld: [], manifest: null }),
      )
    else process.stderr.write(`darkroom: ${printable(error.message)}\n`)
    return 2
  }
}

async function verifyOne(file: string, key: VerifierKey | null, kept: readonly Kept[]): Promise<Verdict> {
  const handle = await open(file).catch((cause: unknown) => {
    throw new Unusable(`cannot read ${file}`, { cause })
  })
  const bar = progressBar(process.stderr)
  try {
    const stat = await handle.stat()
    if (!stat.isFile()) throw new Unusable(`${file} is no file`)
    const bytes = createReadStream('', { fd: handle.fd, autoClose: false, highWaterMark: 128 * 1024 })
    const onRows = (rows: number) => {
      if (rows % SHOW_ROWS === 0) bar.show(bytes.bytesRead, stat.size, `${rows} rows`)
    }
    return await verifyArchive(bytes, { key, kept, onRows })
  } finally {
    bar.end()
    await handle.close()
  }
}

/** A key as it is printed, or a file with one. */
export async function readKey(word: string): Promise<VerifierKey> {
  const text = word.includes('+') ? word : (await readWhole(word)).toString().trim()
  try {
    return parseVerifierKey(text)
  } catch (error) {
    if (error instanceof NoteError) throw new Unusable(`--key: ${error.message}`)
    throw error
  }
}

export async function readWhole(file: string): Promise<Buffer> {
  return readFile(file).catch((cause: unknown) => {
    throw new Unusable(`cannot read ${file}`, { cause })
  })
}

/** What is wrong stands first; of an archive that does not hold, no claim is told as if it did. */
function describe({ code, failures, failureCount, unchecked, unheld, manifest }: Verdict, keyGiven: boolean): string {
  const holds = code !== 1 && code !== 2
  const lines = [
    HEADLINES[code],
    ...(holds && !keyGiven ? [OWN_KEY] : []),
    ...failures.map((line) => `wrong: ${line}`),
    ...(failureCount > failures.length ? [`wrong: and ${failureCount - failures.length} more`] : []),
    ...unchecked.map((line) => `not checked: ${line}`),
    ...unheld.map((line) => `not held: ${line}`),
    ...(manifest === null ? [] : aboutOf(manifest, holds, keyGiven)),
  ]
  return `${lines.map(printable).join('\n')}\n`
}

function aboutOf(manifest: Manifest, holds: boolean, keyGiven: boolean): string[] {
  return [
    ...(holds ? [] : ['What it claims to be:']),
    ...claimedBy(manifest),
    ...(holds ? heldBy(manifest) : []),
    `key           ${manifest.log.key}, ${keyGiven ? 'as it was given' : 'on the export’s own word: compare it with the log’s, or give it by --key'}`,
  ]
}

/** Which export it is: its own word, unless everything holds. */
function claimedBy({ id, log, query, made_at: madeAt, software }: Manifest): string[] {
  const asked = (['tenant', 'kind', 'subject'] as const).flatMap((name) =>
    query[name] === null ? [] : [`${name} ${query[name]}`],
  )
  return [
    `log           ${log.origin}`,
    `export        ${id}, made at ${madeAt} by ${software}`,
    `period        from ${query.from} up to, and without, ${query.to} (${query.timezone})`,
    `query         ${asked.length === 0 ? 'every row' : asked.join(', ')}`,
  ]
}

function heldBy({ range, counts, completeness, withheld, reconciliation }: Manifest): string[] {
  const kinds = Object.entries(counts.kinds).map(([kind, count]) => `${count} ${kind}`)
  return [
    `rows          ${counts.rows}, leaves ${range.first} up to, and without, ${range.end} of ${range.size}; ${counts.within} within the period`,
    `opened        ${counts.opened}${kinds.length === 0 ? '' : `: ${kinds.join(', ')}`}`,
    `completeness  ${completeness.proven ? 'proven: no row that matches was left out' : `not proven: ${completeness.reason}`}`,
    `withheld      ${withheld.length}, of restricted cases`,
    ...reconciliation.map(
      ({ name, what, expected, found, difference }) =>
        `reconciled    ${name}: ${expected} and ${found}${difference === 0 ? '' : `, which DIFFER (${what})`}`,
    ),
  ]
}

function asJson(verdict: Verdict): string {
  return `${JSON.stringify(verdict, null, 2)}\n`
}

/** What others wrote moves no cursor and hides nothing. */
export function printable(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu,
    (one) => `\\u${(one.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`,
  )
}
