// The first start: two client tenants, the operator's own, five people and seven keys, which the key file shows to the machine's
// owner. The file is written before the records, so an interrupted start leaves either nothing or keys that the next start
// adopts; records without a file mean that it was lost, and then nothing is made up.
import { sql as raw } from 'kysely'
import type { Database, Sql, Tx } from '../kernel/database.ts'
import type { Ground } from '../kernel/ground.ts'
import { lockOperator } from './administered.ts'
import { type FileKey, type KeyRing, keyFileOf, readKeyFile, writeKeyFile } from './key-file.ts'
import { createKey } from './keys.ts'
import { createPerson } from './people.ts'
import type { Role } from './roles.ts'
import { createTenant } from './tenants.ts'

const BY = { program: 'first_start' } as const

/** Any number that this project alone uses for its first start. */
const LOCK = 4_217_002

export type Bootstrapped = 'created' | 'present' | 'key_file_missing' | 'key_file_unknown'

/**
 * Prepares an empty deployment; any other it leaves alone. Says what it did. The two clients, which are for trying the service out, are
 * granted these purposes. Fault: home_unwritable, invalid key file.
 */
export async function bootstrap(ground: Ground, purposes: readonly string[] = []): Promise<Bootstrapped> {
  if (await hasTenants(ground.database.sql)) return adopt(ground)
  const { path, shared } = await keyFileOf(ground.config)
  const created = await ground.database.transact(async (tx) => {
    await raw`SELECT pg_advisory_xact_lock(${LOCK})`.execute(tx)
    if (await hasTenants(tx)) return false
    // Under the lock: of many processes with homes of their own only the one whose keys will count makes a file.
    await createEverybody(tx, (await readKeyFile(path, shared)) ?? (await writeKeyFile(path)), purposes)
    return true
  })
  return created ? 'created' : adopt(ground)
}

/** A deployment that has its tenants: says so when this process could not tell anybody their keys. */
async function adopt(ground: Ground): Promise<Exclude<Bootstrapped, 'created'>> {
  await nameOperator(ground)
  const { path, shared } = await keyFileOf(ground.config)
  const ring = await readKeyFile(path, shared)
  if (ring === null) {
    ground.log.warn(
      { file: path },
      'this deployment has tenants but its key file is gone, or is on the machine that started first; keys cannot be read ' +
        'back: restore the file from a backup, make an administrator key with `darkroom keys recover`, or start with an ' +
        'empty DARKROOM_HOME (and DATABASE_URL)',
    )
    return 'key_file_missing'
  }
  if (await knowsAny(ground, ring)) return 'present'
  ground.log.warn(
    { file: path },
    'none of the keys in this key file belongs to this deployment: it was made for other records, or by a first start that ' +
      'another one overtook; move it away, and make an administrator key with `darkroom keys recover` if there is no other',
  )
  return 'key_file_unknown'
}

async function createEverybody(tx: Tx, ring: KeyRing, purposes: readonly string[]): Promise<void> {
  for (const [file, name] of [
    ['client', 'First client'],
    ['second_client', 'Second client'],
  ] as const) {
    const tenantId = await createTenant(tx, { name, purposes: [...purposes] }, BY)
    await createKey(tx, { tenantId, personId: null, name: file, roles: ['client'] }, BY, ring[file])
  }
  const tenantId = await createTenant(tx, { name: 'Operator', operator: true }, BY)
  const people: readonly [FileKey | 'lead', string, Role][] = [
    ['reviewer', 'First reviewer', 'reviewer'],
    ['second_reviewer', 'Second reviewer', 'reviewer'],
    ['compliance', 'Compliance officer', 'compliance'],
    ['admin', 'Administrator', 'admin'],
    ['lead', 'Lead', 'lead'],
  ]
  for (const [file, name, role] of people) {
    const key = ring[file]
    // The file is of a program that knew no lead: what it does not show is not made.
    if (key === null) continue
    const personId = await createPerson(tx, { tenantId, name, roles: [role] }, BY)
    await createKey(tx, { tenantId, personId, name: file, roles: [role] }, BY, key)
  }
}

/** A new administrator's key for when every other was lost, held by a person of its own. Fault: not_found. */
export async function recoverAdmin({ transact }: Database): Promise<{ keyId: string; text: string }> {
  return transact(async (tx) => {
    const tenantId = await lockOperator(tx)
    const by = { program: 'recovery' } as const
    const person = { tenantId, name: 'Recovered administrator', roles: ['admin'] as const }
    const personId = await createPerson(tx, person, by)
    return createKey(tx, { tenantId, personId, name: 'recovered', roles: ['admin'] }, by)
  })
}

async function hasTenants(sql: Sql | Tx): Promise<boolean> {
  return (await sql.selectFrom('darkroom.tenant').select('id').limit(1).executeTakeFirst()) !== undefined
}

/** Ended and rotated ones too: the file is this deployment's all the same. */
async function knowsAny({ database }: Ground, ring: KeyRing): Promise<boolean> {
  const hashes = Object.values(ring).flatMap((key) => (key === null ? [] : [key.hash]))
  const row = await database.sql.selectFrom('darkroom.api_key').select('id').where('hash', 'in', hashes).limit(1)
  return (await row.executeTakeFirst()) !== undefined
}

/** Where a program that knew no operator made the first start, the oldest administrator tells whose service it is. */
async function nameOperator({ database }: Ground): Promise<void> {
  await raw`
    UPDATE darkroom.tenant SET operator = true
     WHERE id = (SELECT tenant_id FROM darkroom.api_key WHERE 'admin' = ANY (roles) ORDER BY id LIMIT 1)
       AND NOT EXISTS (SELECT FROM darkroom.tenant WHERE operator)`.execute(database.sql)
}
