// The marking's own files under <home>/signer: made once, whole or not at all, readable by their owner only.
// A directory is written beside its place and renamed into it; whoever loses that race uses the winner's.
import { chmod, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Fault, isFault } from '../kernel/fault.ts'

/**
 * The files of a directory, made by `make` when it does not exist yet. Throws Fault 'signer_failed' naming the file when one is
 * missing or empty, and when the directory cannot be written.
 */
export async function loadOrMake<Name extends string>(
  directory: string,
  names: readonly Name[],
  make: () => Promise<Record<Name, string>>,
): Promise<Record<Name, string>> {
  const known = await load(directory, names)
  if (known !== null) return known
  const draft = `${directory}.${process.pid}.${Date.now()}.draft`
  try {
    const files = await make()
    await mkdir(dirname(directory), { recursive: true })
    await mkdir(draft, { mode: 0o700 })
    for (const name of names) await writeFile(join(draft, name), files[name], { mode: 0o600, flush: true })
    await chmod(draft, 0o700)
    await rename(draft, directory)
    return files
  } catch (cause) {
    await rm(draft, { recursive: true, force: true })
    const winner = await load(directory, names)
    if (winner !== null) return winner
    if (isFault(cause)) throw cause
    throw new Fault('signer_failed', {
      field: directory,
      cause,
      detail: `The directory ${directory} could not be made.`,
    })
  }
}

async function load<Name extends string>(
  directory: string,
  names: readonly Name[],
): Promise<Record<Name, string> | null> {
  const entries: [Name, string][] = []
  for (const name of names) {
    const path = join(directory, name)
    try {
      const text = await readFile(path, 'utf8')
      if (text.trim() === '') throw new Fault('signer_failed', { field: path, detail: `The file ${path} is empty.` })
      entries.push([name, text])
    } catch (cause) {
      if (isFault(cause)) throw cause
      const missing = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT'
      if (missing && entries.length === 0) return null
      throw new Fault('signer_failed', { field: path, cause, detail: `The file ${path} could not be read.` })
    }
  }
  return fromEntries(entries, names)
}

function fromEntries<Name extends string>(entries: [Name, string][], names: readonly Name[]): Record<Name, string> {
  const complete = (record: Partial<Record<Name, string>>): record is Record<Name, string> =>
    names.every((name) => record[name] !== undefined)
  const record: Partial<Record<Name, string>> = {}
  for (const [name, text] of entries) record[name] = text
  if (!complete(record)) throw new Error('unreachable: every name was read')
  return record
}
