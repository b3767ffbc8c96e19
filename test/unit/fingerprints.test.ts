// Processes of one deployment with different secrets: found out at their start, unless a person accepted the change.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, beforeEach, test } from 'node:test'
import { sql as raw } from 'kysely'
import { isFault } from '../../src/kernel/fault.ts'
import { acceptSecret, holdSecrets, SECRET_NAMES, type SharedSecret } from '../../src/tenant/fingerprints.ts'
import { openWorld, type World } from '../support/world.ts'

let world: World
before(async () => {
  world = await openWorld()
})
after(() => world[Symbol.asyncDispose]())
beforeEach(() => raw`TRUNCATE darkroom.secret`.execute(sql()))

const sql = () => world.ground.database.sql
const fresh = (): SharedSecret[] =>
  SECRET_NAMES.map((name) => ({ name, file: `/secrets/${name}`, bytes: randomBytes(32) }))
const changed = (secrets: SharedSecret[], ...names: string[]) =>
  secrets.map((one) => (names.includes(one.name) ? { ...one, bytes: randomBytes(32) } : one))

test('many processes with the same secrets start, the first ones at once', async () => {
  const secrets = fresh()
  await Promise.all(Array.from({ length: 5 }, () => holdSecrets(sql(), secrets)))
  await holdSecrets(sql(), secrets)
  await holdSecrets(sql(), secrets.slice(1))
})

test('a process with other secrets is refused; each of them is named with its file and the remedy', async () => {
  const secrets = fresh()
  await holdSecrets(sql(), secrets)
  await assert.rejects(holdSecrets(sql(), changed(secrets, 'users', 'signer')), (error) => {
    assert.ok(isFault(error, 'config_invalid'))
    assert.equal(error.field, '/secrets/users, /secrets/signer')
    assert.match(error.message, /users: \/secrets\/users\n.*signer: .*\n.*DARKROOM_SECRETS_DIR.*secrets accept <name>/)
    assert.doesNotMatch(error.message, /mark-keys/)
    return true
  })
  await holdSecrets(sql(), secrets)
})

test('what is kept is salted: the same secret twice has two fingerprints, and neither is its bare digest', async () => {
  const bytes = Buffer.alloc(32, 7)
  const secrets = SECRET_NAMES.map((name) => ({ name, file: name, bytes }))
  await holdSecrets(sql(), secrets)
  const first = await sql().selectFrom('darkroom.secret').selectAll().orderBy('name').execute()
  await raw`TRUNCATE darkroom.secret`.execute(sql())
  await holdSecrets(sql(), secrets)
  const second = await sql().selectFrom('darkroom.secret').selectAll().orderBy('name').execute()
  assert.equal(new Set([...first, ...second].map((row) => row.fingerprint)).size, SECRET_NAMES.length * 2)
  assert.ok(!JSON.stringify([first, second]).includes(bytes.toString('hex')))
})

test('an accepted change starts, the former secret does not any more, and the operator’s log says so once', async () => {
  const secrets = fresh()
  await holdSecrets(sql(), secrets)
  const next = changed(secrets, 'webhooks')
  const webhooks = next.find(({ name }) => name === 'webhooks')
  assert.ok(webhooks)
  const accept = () => world.ground.database.transact((tx) => acceptSecret(tx, webhooks))
  await raw`UPDATE darkroom.tenant SET operator = false`.execute(sql())
  await assert.rejects(accept(), (error) => isFault(error, 'not_found'))
  await raw`UPDATE darkroom.tenant SET operator = true WHERE id = ${world.tenants[0].id}`.execute(sql())
  assert.equal(await accept(), 'accepted')
  assert.equal(await accept(), 'known')
  await holdSecrets(sql(), next)
  await assert.rejects(holdSecrets(sql(), secrets), (error) => isFault(error, 'config_invalid'))
  const notes = await sql().selectFrom('darkroom.move').selectAll().where('kind', '=', 'secret.accepted').execute()
  assert.deepEqual(
    notes.map((one) => [one.tenant_id, one.subject_id]),
    [[world.tenants[0].id, 'webhooks']],
  )
  assert.ok(!JSON.stringify(notes).includes(webhooks.bytes.toString('hex')))
})
