// The first start: two client tenants, the operator's own, four people and six keys, which the key file shows to the machine's
// owner. The file is written before the records, so an interrupted start leaves either nothing or keys that the next start
// adopts; records without a file mean that it was lost, and then nothing is made up.
import { randomUUID } from 'node:crypto'
import { chmod, link, mkdir, open, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { sql as raw } from 'kysely'
import type { Database, Tx } from '../kernel/database.ts'
import { Fault } from '../kernel/fault.ts'
import type { Ground } from '../kernel/ground.ts'
import { generateKey, type NewKey, parseKey } from './key.ts'
import { createKey } from './keys.ts'
import { createPerson } from './people.ts'
import type { Role } from './roles.ts'
import { createTenant } from './tenants.ts'

const BY = { program: 'first_start' } as const
const FILE_KEYS = ['client', 'second_client', 'reviewer', 'second_reviewer', 'compliance', 'admin'] as const
type FileKey = (typeof FILE_KEYS)[number]
type KeyRing = Record<FileKey, NewKey>

/** Any number that this project alone uses for its first start. */
const LOCK = 4_217_002

export function keyFilePath(home: string): string {
  return join(home, 'keys.json')
}

/** Prepares an empty deployment; any other it leaves alone. Says what it did. Fault: home_unwritable, invalid key file. */
export async function bootstrap(ground: Ground): Promise<'created' | 'present' | 'key_file_missing'> {
  const path = keyFilePath(ground.config.home)
  const file = await readKeyFile(path)
  if (await hasTenants(ground)) {
    await nameOperator(ground)
    if (file !== null) return 'present'
    ground.log.warn(
      { file: path },
      'this deployment has tenants but its key file is gone; keys cannot be read back: restore the file from a backup, ' +
        'make an administrator key with `darkroom keys recover`, or start with an empty DARKROOM_HOME (and DATABASE_URL)',
    )
    return 'key_file_missing'
  }
  const ring = file ?? (await writeKeyFile(path))
  return ground.database.transact(async (tx) => {
    await raw`SELECT pg_advisory_xact_lock(${LOCK})`.execute(tx)
    const first = await tx.selectFrom('darkroom.tenant').select('id').limit(1).executeTakeFirst()
    if (first !== undefined) return 'present'
    await createEverybody(tx, ring)
    return 'created'
  })
}

async function createEverybody(tx: Tx, ring: KeyRing): Promise<void> {
  for (const [file, name] of [
    ['client', 'First client'],
    ['second_client', 'Second client'],
  ] as const) {
    const tenantId = await createTenant(tx, { name }, BY)
    await createKey(tx, { tenantId, personId: null, name: file, roles: ['client'] }, BY, ring[file])
  }
  const tenantId = await createTenant(tx, { name: 'Operator', operator: true }, BY)
  const people: readonly [FileKey, string, Role][] = [
    ['reviewer', 'First reviewer', 'reviewer'],
    ['second_reviewer', 'Second reviewer', 'reviewer'],
    ['compliance', 'Compliance officer', 'compliance'],
    ['admin', 'Administrator', 'admin'],
  ]
  for (const [file, name, role] of people) {
    const personId = await createPerson(tx, { tenantId, name, roles: [role] }, BY)
    await createKey(tx, { tenantId, personId, name: file, roles: [role] }, BY, ring[file])
  }
}

/** A new administrator's key for when every other was lost, held by a person of its own. Fault: not_found. */
export async function recoverAdmin({ transact }: Database): Promise<{ keyId: string; text: string }> {
  return transact(async (tx) => {
    const operator = await tx
      .selectFrom('darkroom.tenant')
      .select('id')
      .where('operator', '=', true)
      .forNoKeyUpdate()
      .executeTakeFirst()
    if (operator === undefined)
      throw new Fault('not_found', { detail: 'there is nothing to recover: these records have no operator yet' })
    const by = { program: 'recovery' } as const
    const person = { tenantId: operator.id, name: 'Recovered administrator', roles: ['admin'] as const }
    const personId = await createPerson(tx, person, by)
    return createKey(tx, { tenantId: operator.id, personId, name: 'recovered', roles: ['admin'] }, by)
  })
}

async function hasTenants(ground: Ground): Promise<boolean> {
  const row = await ground.database.sql.selectFrom('darkroom.tenant').select('id').limit(1).executeTakeFirst()
  return row !== undefined
}

/** Where a program that knew no operator made the first start, the oldest administrator tells whose service it is. */
async function nameOperator({ database }: Ground): Promise<void> {
  await raw`
    UPDATE darkroom.tenant SET operator = true
     WHERE id = (SELECT tenant_id FROM darkroom.api_key WHERE 'admin' = ANY (roles) ORDER BY id LIMIT 1)
       AND NOT EXISTS (SELECT FROM darkroom.tenant WHERE operator)`.execute(database.sql)
}

async function readKeyFile(path: string): Promise<KeyRing | null> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null
    throw new Fault('home_unwritable', { field: path, detail: `cannot read the key file ${path}`, cause: error })
  })
  if (text === null) return null
  await chmod(path, 0o600)
  const ring = parseKeyFile(text)
  if (ring === null)
    throw new Fault('config_invalid', {
      field: path,
      detail: `${path} is not a key file of this service: restore it from a backup, or move it away`,
    })
  return ring
}

/** The six keys, each with a right checksum, or null. */
function parseKeyFile(text: string): KeyRing | null {
  try {
    const file: unknown = JSON.parse(text)
    if (typeof file !== 'object' || file === null) return null
    const ring: Partial<KeyRing> = {}
    for (const name of FILE_KEYS) {
      const value: unknown = Reflect.get(file, name)
      const key = typeof value === 'string' ? parseKey(value) : null
      if (key === null) return null
      ring[name] = key
    }
    return isWhole(ring) ? ring : null
  } catch {
    return null
  }
}

function isWhole(ring: Partial<KeyRing>): ring is KeyRing {
  return FILE_KEYS.every((name) => ring[name] !== undefined)
}

/** Writes fresh keys whole or not at all, for their owner only; if somebody else was first, theirs count. */
async function writeKeyFile(path: string): Promise<KeyRing> {
  const ring: KeyRing = {
    client: generateKey(),
    second_client: generateKey(),
    reviewer: generateKey(),
    second_reviewer: generateKey(),
    compliance: generateKey(),
    admin: generateKey(),
  }
  const draft = `${path}.${randomUUID()}.draft`
  try {
    await mkdir(join(path, '..'), { recursive: true, mode: 0o700 })
    const file = await open(draft, 'wx', 0o600)
    try {
      const shown = Object.fromEntries(FILE_KEYS.map((name) => [name, ring[name].text]))
      await file.writeFile(`${JSON.stringify(shown, null, 2)}\n`)
      await file.sync()
    } finally {
      await file.close()
    }
    await link(draft, path)
    return ring
  } catch (cause) {
    const winner = await readKeyFile(path)
    if (winner !== null) return winner
    throw new Fault('home_unwritable', { field: 'DARKROOM_HOME', detail: `cannot write the key file ${path}`, cause })
  } finally {
    await rm(draft, { force: true })
  }
}
