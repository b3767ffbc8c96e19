// The key file: the keys of the first start, in one fixed form, for the machine's owner. It lies in the home, or where machines share
// their secrets if it was made there; it is written whole or not at all, and if somebody else was first, theirs counts. Files of
// first starts that knew no lead have six keys, and none is added to them.
import { randomUUID } from 'node:crypto'
import { chmod, link, mkdir, open, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Fault } from '../kernel/fault.ts'
import { readSecret, type SecretPlace, secretFile, secretsDirOf } from '../kernel/secret-files.ts'
import { generateKey, type NewKey, parseKey } from './key.ts'

const NAME = 'keys.json'
const FILE_KEYS = ['client', 'second_client', 'reviewer', 'second_reviewer', 'compliance', 'admin'] as const
export type FileKey = (typeof FILE_KEYS)[number]
/** `lead`: null in a file that was written before there was one. */
export type KeyRing = Record<FileKey, NewKey> & { readonly lead: NewKey | null }

/** `sharedSecretsDir` is null where machines share nothing (DARKROOM_SECRETS_DIR is not set). */
export type KeyPlace = { readonly home: string; readonly sharedSecretsDir: string | null }

export function keyFilePath(home: string): string {
  return join(home, NAME)
}

/** Where this process finds the keys: in the shared secrets if they have them, else in its home. */
export async function keyFileOf({ home, sharedSecretsDir }: KeyPlace): Promise<{ path: string; shared: boolean }> {
  const shared = sharedSecretsDir === null ? null : join(sharedSecretsDir, NAME)
  if (shared !== null && (await readSecret(shared)) !== null) return { path: shared, shared: true }
  return { path: keyFilePath(home), shared: false }
}

/** Makes the key file among the secrets that machines share; the keys of the home are taken over. Fault: config_invalid. */
export async function openSharedKeys(place: SecretPlace): Promise<void> {
  const text = await secretFile(
    place,
    NAME,
    async () => (await readSecret(keyFilePath(place.home))) ?? textOf(freshRing()),
  )
  const path = join(secretsDirOf(place), NAME)
  if (parseKeyFile(text) === null) throw notKeys(path)
}

/** Null when there is none. A mounted secret's mode is its owner's business. Faults: home_unwritable, config_invalid. */
export async function readKeyFile(path: string, shared: boolean): Promise<KeyRing | null> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null
    throw new Fault('home_unwritable', { field: path, detail: `cannot read the key file ${path}`, cause: error })
  })
  if (text === null) return null
  if (!shared) await chmod(path, 0o600)
  const ring = parseKeyFile(text)
  if (ring === null) throw notKeys(path)
  return ring
}

/** Writes fresh keys whole or not at all, for their owner only; if somebody else was first, theirs count. */
export async function writeKeyFile(path: string): Promise<KeyRing> {
  const ring = freshRing()
  const draft = `${path}.${randomUUID()}.draft`
  try {
    await mkdir(join(path, '..'), { recursive: true, mode: 0o700 })
    const file = await open(draft, 'wx', 0o600)
    try {
      await file.writeFile(textOf(ring))
      await file.sync()
    } finally {
      await file.close()
    }
    await link(draft, path)
    return ring
  } catch (cause) {
    const winner = await readKeyFile(path, false)
    if (winner !== null) return winner
    throw new Fault('home_unwritable', { field: 'DARKROOM_HOME', detail: `cannot write the key file ${path}`, cause })
  } finally {
    await rm(draft, { force: true })
  }
}

function freshRing(): KeyRing {
  return {
    client: generateKey(),
    second_client: generateKey(),
    reviewer: generateKey(),
    second_reviewer: generateKey(),
    compliance: generateKey(),
    admin: generateKey(),
    lead: generateKey(),
  }
}

function textOf(ring: KeyRing): string {
  const all = [...FILE_KEYS.map((name) => [name, ring[name]] as const), ['lead', ring.lead] as const]
  const shown = Object.fromEntries(all.flatMap(([name, key]) => (key === null ? [] : [[name, key.text]])))
  return `${JSON.stringify(shown, null, 2)}\n`
}

function notKeys(path: string): Fault {
  return new Fault('config_invalid', {
    field: path,
    detail: `${path} is not a key file of this service: restore it from a backup, or move it away`,
  })
}

/** The six keys and the lead's if it is there, each with a right checksum, or null. */
function parseKeyFile(text: string): KeyRing | null {
  try {
    const file: unknown = JSON.parse(text)
    if (typeof file !== 'object' || file === null) return null
    const ring: Partial<Record<FileKey, NewKey>> = {}
    for (const name of FILE_KEYS) {
      const value: unknown = Reflect.get(file, name)
      const key = typeof value === 'string' ? parseKey(value) : null
      if (key === null) return null
      ring[name] = key
    }
    const named: unknown = Reflect.get(file, 'lead')
    const lead = typeof named === 'string' ? parseKey(named) : null
    if (named !== undefined && lead === null) return null
    return isWhole(ring) ? { ...ring, lead } : null
  } catch {
    return null
  }
}

function isWhole(ring: Partial<Record<FileKey, NewKey>>): ring is Record<FileKey, NewKey> {
  return FILE_KEYS.every((name) => ring[name] !== undefined)
}
