// Objects as files. One file holds an object whole: a line of JSON (content type, size, digest), then its bytes. It is written
// beside its place, synced and linked into it, so a reader sees all of it or nothing and the first writer wins.
// Links are `<path>/<key>?expires=<unix seconds>&signature=<HMAC-SHA-256>`; http/routes/objects.ts serves them.
import { createHmac, randomUUID, timingSafeEqual } from 'node:crypto'
import { link, mkdir, open, readFile, rm } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { sha256 } from '../kernel/canonical.ts'
import { Fault } from '../kernel/fault.ts'
import type { PublicStore, StoredObject } from '../kernel/object-store.ts'

export type FileStore = PublicStore & {
  /** Whether the link was made here for this key and has not run out. */
  readonly verifySignedUrl: (key: string, expires: string, signature: string) => boolean
}

type Options = {
  directory: string
  /** Signs links. Null: a store without links, such as the quarantine. */
  secret: Uint8Array | null
  /** Nobody else uses the directory: what a process left half-written there is swept. */
  alone?: boolean
  /** Root-relative path at which the links are served. */
  path?: string
  nowMs?: () => number
}

const KEY = /^[A-Za-z0-9_][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)*(\/[A-Za-z0-9_][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)*)*$/
const MAX_KEY = 300
const DRAFTS = '.drafts'

/** A key names a file below the store and can name nothing else. */
export function isKey(key: string): boolean {
  return key.length <= MAX_KEY && KEY.test(key)
}

/** Opens a store on a directory. Fault: home_unwritable. */
export async function openFileStore({
  directory,
  secret,
  alone = false,
  path = '/objects',
  nowMs = Date.now,
}: Options): Promise<FileStore> {
  const root = resolve(directory)
  // Processes may share the store, so each has its own.
  const drafts = join(root, DRAFTS, randomUUID())
  try {
    if (alone) await rm(join(root, DRAFTS), { recursive: true, force: true })
    await mkdir(drafts, { recursive: true, mode: 0o700 })
  } catch (cause) {
    throw new Fault('home_unwritable', { field: 'DARKROOM_HOME', detail: `cannot write to ${root}`, cause })
  }
  const fileOf = (key: string) => {
    if (!isKey(key)) throw new Fault('object_store_failed', { detail: 'not an object key' })
    return join(root, key)
  }
  const sign = (key: string, expires: string) => {
    if (secret === null) throw new TypeError('this store hands out no links')
    return createHmac('sha256', secret).update(`GET\n${key}\n${expires}`).digest()
  }
  return {
    putIfAbsent: async (key, object) => {
      const place = fileOf(key)
      const draft = join(drafts, randomUUID())
      try {
        await writeWhole(draft, object)
        await mkdir(dirname(place), { recursive: true, mode: 0o700 })
        await link(draft, place)
        await syncDirectory(dirname(place))
        return 'created'
      } catch (cause) {
        if (codeOf(cause) === 'EEXIST') return 'exists'
        throw failed(cause)
      } finally {
        await rm(draft, { force: true })
      }
    },
    get: async (key) => {
      const file = await readFile(fileOf(key)).catch((cause: unknown) => {
        const gone = codeOf(cause) === 'ENOENT' || codeOf(cause) === 'ENOTDIR' || codeOf(cause) === 'EISDIR'
        throw gone ? new Fault('object_missing') : failed(cause)
      })
      return parse(file)
    },
    remove: async (key) => {
      await rm(fileOf(key), { force: true }).catch((cause: unknown) => {
        throw failed(cause)
      })
    },
    removeUnder: async (folder) => {
      await rm(fileOf(folder), { recursive: true, force: true }).catch((cause: unknown) => {
        throw failed(cause)
      })
    },
    signedUrl: async (key, ttlSeconds) => {
      fileOf(key)
      const expires = String(Math.floor(nowMs() / 1000) + ttlSeconds)
      return `${path}/${key}?expires=${expires}&signature=${sign(key, expires).toString('base64url')}`
    },
    verifySignedUrl: (key, expires, signature) => {
      if (!isKey(key) || !/^\d{1,12}$/.test(expires)) return false
      const expected = sign(key, expires)
      const given = Buffer.from(signature, 'base64url')
      // The text is compared too: base64url has several spellings of the same bytes.
      const same = given.length === expected.length && timingSafeEqual(given, expected)
      return same && signature === expected.toString('base64url') && Number(expires) * 1000 > nowMs()
    },
  }
}

async function writeWhole(path: string, { bytes, contentType }: StoredObject): Promise<void> {
  const file = await open(path, 'wx', 0o600)
  try {
    const head = JSON.stringify({ contentType, sizeBytes: bytes.length, sha256: sha256(bytes) })
    await file.writeFile(Buffer.concat([Buffer.from(`${head}\n`), bytes]))
    await file.sync()
  } finally {
    await file.close()
  }
}

/** The object, checked against the digest it was stored with. Fault: object_mismatch. */
function parse(file: Buffer): StoredObject {
  const end = file.indexOf(0x0a)
  const bytes = file.subarray(end + 1)
  try {
    const head: unknown = JSON.parse(file.toString('utf8', 0, end))
    if (typeof head === 'object' && head !== null && 'contentType' in head && 'sha256' in head)
      if (typeof head.contentType === 'string' && head.sha256 === sha256(bytes))
        return { bytes, contentType: head.contentType }
  } catch (cause) {
    throw new Fault('object_mismatch', { cause })
  }
  throw new Fault('object_mismatch')
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r')
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}

function failed(cause: unknown): Fault {
  return new Fault('object_store_failed', { retry: 'later', detail: 'the object store failed', cause })
}
