// Secrets of a deployment that nobody hands out, one file each under `<home>/secrets`: made once, for their owner only.
// They sign links and salt what callers say of their users; losing one breaks open links and old digests, nothing else.
import { randomBytes, randomUUID } from 'node:crypto'
import { link, mkdir, open, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Fault } from '../kernel/fault.ts'

const BYTES = 32

/** The 32 bytes of secret `name`, made on first use. Fault: home_unwritable. */
export async function homeSecret(home: string, name: 'links' | 'users'): Promise<Buffer> {
  const directory = join(home, 'secrets')
  const path = join(directory, `${name}.key`)
  const draft = `${path}.${randomUUID()}.draft`
  try {
    const known = await read(path)
    if (known !== null) return known
    await mkdir(directory, { recursive: true, mode: 0o700 })
    const file = await open(draft, 'wx', 0o600)
    try {
      await file.writeFile(randomBytes(BYTES).toString('hex'))
      await file.sync()
    } finally {
      await file.close()
    }
    await link(draft, path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error
    })
    const made = await read(path)
    if (made === null) throw new Error('the secret vanished while it was made')
    return made
  } catch (cause) {
    if (cause instanceof Fault) throw cause
    throw new Fault('home_unwritable', {
      field: 'DARKROOM_HOME',
      detail: `cannot write the secret file ${path}`,
      cause,
    })
  } finally {
    await rm(draft, { force: true }).catch(() => undefined)
  }
}

async function read(path: string): Promise<Buffer | null> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null
    throw error
  })
  if (text === null) return null
  if (!/^[0-9a-f]{64}\s*$/.test(text))
    throw new Fault('config_invalid', {
      field: path,
      detail: `${path} is damaged: restore it from a backup or remove it`,
    })
  return Buffer.from(text.trim(), 'hex')
}
