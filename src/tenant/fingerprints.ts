// Whether this process has the secrets that the deployment's others have. The first start leaves a fingerprint of each in the records; who
// comes with another secret is refused before it marks, signs or answers anything. A secret that was changed on purpose is accepted by
// a person, which is a note in the operator's log. The fingerprints (salted SHA-256) tell nothing of the secrets.
import { createHash, randomBytes } from 'node:crypto'
import { sql as raw } from 'kysely'
import { note } from '../advance.ts'
import type { Sql, Tx } from '../kernel/database.ts'
import { Fault } from '../kernel/fault.ts'
import { lockOperator } from './administered.ts'

export const SECRET_NAMES = [
  'links',
  'users',
  'webhooks',
  'statements',
  'quarantine',
  'log',
  'mark-keys',
  'signer',
] as const
export type SecretName = (typeof SECRET_NAMES)[number]

/** `file`: where it was read, or the variable that names it. */
export type SharedSecret = { readonly name: SecretName; readonly file: string; readonly bytes: Buffer }

/** Keeps the fingerprints of secrets that are new to the records, and refuses others than are known. Fault: config_invalid. */
export async function holdSecrets(sql: Sql, secrets: readonly SharedSecret[]): Promise<void> {
  await sql
    .insertInto('darkroom.secret')
    .values(secrets.map(fresh))
    .onConflict((conflict) => conflict.column('name').doNothing())
    .execute()
  const rows = await sql.selectFrom('darkroom.secret').selectAll().execute()
  const strange = secrets.filter((secret) => {
    const known = rows.find(({ name }) => name === secret.name)
    return known === undefined || known.fingerprint !== fingerprintOf(secret, known.salt)
  })
  if (strange.length === 0) return
  const names = strange.map(({ name, file }) => `  ${name}: ${file}`)
  throw new Fault('config_invalid', {
    field: strange.map(({ file }) => file).join(', '),
    detail:
      `these secrets are not the ones that this deployment began with:\n${names.join('\n')}\n` +
      'mount the same DARKROOM_SECRETS_DIR for every process, or restore the file from a backup; if it was changed on purpose, ' +
      `run 'darkroom secrets accept <name>' with the new file and start every process again`,
  })
}

/** Takes `secret` for the deployment's own from now on. Processes that run already notice nothing. Fault: not_found. */
export async function acceptSecret(tx: Tx, secret: SharedSecret): Promise<'accepted' | 'known'> {
  const operatorId = await lockOperator(tx)
  const known = await tx.selectFrom('darkroom.secret').selectAll().where('name', '=', secret.name).executeTakeFirst()
  if (known !== undefined && known.fingerprint === fingerprintOf(secret, known.salt)) return 'known'
  const { name, ...rest } = fresh(secret)
  await tx
    .insertInto('darkroom.secret')
    .values({ name, ...rest })
    .onConflict((conflict) => conflict.column('name').doUpdateSet(rest))
    .execute()
  const before = known?.fingerprint ?? null
  await note(tx, operatorId, 'secret.accepted', name, { before, after: rest.fingerprint, by: { program: 'secrets' } })
  return 'accepted'
}

function fresh(secret: SharedSecret) {
  const salt = randomBytes(16).toString('hex')
  return { name: secret.name, salt, fingerprint: fingerprintOf(secret, salt), since: raw<Date>`darkroom.now()` }
}

function fingerprintOf({ name, bytes }: SharedSecret, salt: string): string {
  return createHash('sha256').update(Buffer.from(salt, 'hex')).update(`${name}\0`).update(bytes).digest('hex')
}
