// What all machines of a deployment share and nobody hands out: a flat directory of small files, DARKROOM_SECRETS_DIR, which may be
// a mounted Kubernetes Secret. A file is made on first use where the directory can be written, for its owner only, whole or not
// at all; whoever loses that race uses the winner's. What an older release kept elsewhere below the home is brought over.
import { randomUUID } from 'node:crypto'
import { link, mkdir, open, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Fault } from './fault.ts'

/** `secretsDir` defaults to `<home>/secrets`. */
export type SecretPlace = { readonly home: string; readonly secretsDir?: string }

export function secretsDirOf({ home, secretsDir }: SecretPlace): string {
  return secretsDir ?? join(home, 'secrets')
}

/** The text of file `name`, else what `make` answers, kept there from now on. Fault: config_invalid, naming the file. */
export async function secretFile(place: SecretPlace, name: string, make: () => Promise<string>): Promise<string> {
  const directory = secretsDirOf(place)
  const path = join(directory, name)
  const known = await readSecret(path)
  if (known !== null) return known
  const text = (await readSecret(join(place.home, 'secrets', name))) ?? (await make())
  const draft = `${path}.${randomUUID()}.draft`
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 })
    const file = await open(draft, 'wx', 0o600)
    try {
      await file.writeFile(text)
      await file.sync()
    } finally {
      await file.close()
    }
    await link(draft, path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error
    })
  } catch (cause) {
    throw new Fault('config_invalid', {
      field: 'DARKROOM_SECRETS_DIR',
      detail: `${directory} has no ${name} and cannot be written; make the files with 'darkroom secrets init <dir>' and mount them there`,
      cause,
    })
  } finally {
    await rm(draft, { force: true }).catch(() => undefined)
  }
  return (await readSecret(path)) ?? text
}

/** Null when there is no such file. Fault: config_invalid when it is empty or cannot be read. */
export async function readSecret(path: string): Promise<string | null> {
  const text = await readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT' || cause.code === 'ENOTDIR') return null
    throw new Fault('config_invalid', { field: path, detail: `the secret file ${path} cannot be read`, cause })
  })
  if (text?.trim() === '') throw damaged(path)
  return text
}

export function damaged(path: string): Fault {
  return new Fault('config_invalid', {
    field: path,
    detail: `${path} is damaged: restore it from a backup, or remove it to have a new one made`,
  })
}
