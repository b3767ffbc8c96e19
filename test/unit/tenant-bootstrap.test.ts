import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { after, before, beforeEach, test } from 'node:test'
import { sql as raw } from 'kysely'
import { leafHash } from '../../src/kernel/canonical.ts'
import { readConfig } from '../../src/kernel/config.ts'
import { type Database, openDatabase } from '../../src/kernel/database.ts'
import { isFault } from '../../src/kernel/fault.ts'
import type { Ground } from '../../src/kernel/ground.ts'
import { leafOf } from '../../src/kernel/leaf.ts'
import { openLog } from '../../src/kernel/log.ts'
import { bootstrap } from '../../src/tenant/bootstrap.ts'
import { authenticate } from '../../src/tenant/caller.ts'
import { generateKey, parseKey } from '../../src/tenant/key.ts'
import { keyFilePath, openSharedKeys } from '../../src/tenant/key-file.ts'
import { revokeKey } from '../../src/tenant/keys.ts'
import { homeSecret } from '../../src/tenant/secret.ts'
import { callerOfSession, endSession, openSession } from '../../src/tenant/sessions.ts'
import { memoryStore } from '../support/world.ts'

const NAMES = ['client', 'second_client', 'reviewer', 'second_reviewer', 'compliance', 'admin', 'lead']

let database: Database
let home: string
const homes: string[] = []
let ground: Ground
let logged = ''

before(async () => {
  database = await openDatabase({ url: null, home: null })
})
after(async () => {
  await database[Symbol.asyncDispose]()
  for (const one of homes) await rm(one, { recursive: true, force: true })
})

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'darkroom-bootstrap-'))
  homes.push(home)
  await raw`TRUNCATE darkroom.tenant CASCADE`.execute(database.sql)
  logged = ''
  const log = openLog(
    'info',
    new Writable({
      write(chunk, _encoding, done) {
        logged += String(chunk)
        done()
      },
    }),
  )
  ground = {
    config: readConfig({ DARKROOM_HOME: home }),
    database,
    log,
    bell: { ring: () => undefined, tell: () => undefined, hear: () => () => undefined },
    quarantine: memoryStore(),
    images: memoryStore(),
  }
})

async function readKeys(): Promise<Record<string, string>> {
  return JSON.parse(await readFile(keyFilePath(home), 'utf8'))
}

test('the first start writes exactly seven keys that only their owner can read, and leaves no draft', async () => {
  assert.equal(await bootstrap(ground), 'created')
  const keys = await readKeys()
  assert.deepEqual(Object.keys(keys), NAMES)
  for (const key of Object.values(keys)) assert.ok(parseKey(key))
  assert.equal((await stat(keyFilePath(home))).mode & 0o777, 0o600)
  assert.deepEqual(await readdir(home), ['keys.json'])
})

test('two clients are two tenants; two reviewers are two people; roles are as named', async () => {
  await bootstrap(ground)
  const keys = await readKeys()
  const callers = Object.fromEntries(
    await Promise.all(NAMES.map(async (name) => [name, await authenticate(ground, keys[name] ?? '')] as const)),
  )
  assert.notEqual(callers.client?.tenantId, callers.second_client?.tenantId)
  assert.notEqual(callers.reviewer?.personId, callers.second_reviewer?.personId)
  assert.equal(callers.reviewer?.tenantId, callers.admin?.tenantId)
  assert.deepEqual(
    NAMES.map((name) => callers[name]?.roles),
    [['client'], ['client'], ['reviewer'], ['reviewer'], ['compliance'], ['admin'], ['lead']],
  )
})

test('a restart changes neither the file nor the records', async () => {
  await bootstrap(ground)
  const before_ = await readFile(keyFilePath(home), 'utf8')
  const count = await countKeys()
  assert.equal(await bootstrap(ground), 'present')
  assert.equal(await readFile(keyFilePath(home), 'utf8'), before_)
  assert.equal(await countKeys(), count)
})

test('a start that died between the file and the records is finished by the next, with the keys that were shown', async () => {
  await bootstrap(ground)
  const shown = await readKeys()
  await raw`TRUNCATE darkroom.tenant CASCADE`.execute(database.sql)
  assert.equal(await bootstrap(ground), 'created')
  assert.deepEqual(await readKeys(), shown)
  assert.deepEqual((await authenticate(ground, shown.admin ?? '')).roles, ['admin'])
})

test('a key file of six, from a program that knew no lead, is taken as it is: no lead is made that nobody was shown', async () => {
  await bootstrap(ground)
  const { lead = '', ...six } = await readKeys()
  await raw`TRUNCATE darkroom.tenant CASCADE`.execute(database.sql)
  const text = JSON.stringify(six)
  await writeFile(keyFilePath(home), text)
  assert.equal(await bootstrap(ground), 'created')
  assert.equal(await bootstrap(ground), 'present')
  assert.equal(await countKeys(), 6)
  assert.equal(await readFile(keyFilePath(home), 'utf8'), text)
  await assert.rejects(authenticate(ground, lead), (error) => isFault(error, 'unauthenticated'))
  await writeFile(keyFilePath(home), JSON.stringify({ ...six, lead: 'hello' }))
  await assert.rejects(bootstrap(ground), (error) => isFault(error, 'config_invalid'))
})

test('two first starts at once make one set of keys', async () => {
  await Promise.all([bootstrap(ground), bootstrap(ground), bootstrap(ground)])
  assert.equal(await countKeys(), 7)
  await authenticate(ground, (await readKeys()).client ?? '')
})

test('a lost key file is warned about, with what to do, and nothing is made up', async () => {
  await bootstrap(ground)
  await rm(keyFilePath(home))
  assert.equal(await bootstrap(ground), 'key_file_missing')
  assert.match(logged, /key file is gone.*backup/)
  assert.equal(await countKeys(), 7)
  assert.deepEqual(await readdir(home), [])
})

test('a key file that is not one is named and left alone', async () => {
  await writeFile(keyFilePath(home), '{"client": "hello"}')
  await assert.rejects(
    bootstrap(ground),
    (error) => isFault(error, 'config_invalid') && error.field === keyFilePath(home),
  )
  assert.equal(await readFile(keyFilePath(home), 'utf8'), '{"client": "hello"}')
  assert.equal(await countKeys(), 0)
})

test('of replicas with homes of their own that start at once one makes keys; the others leave no file', async () => {
  const replicas = await Promise.all(
    Array.from({ length: 4 }, async () => {
      const own = await mkdtemp(join(tmpdir(), 'darkroom-replica-'))
      homes.push(own)
      return { ...ground, config: readConfig({ DARKROOM_HOME: own }) }
    }),
  )
  const outcomes = await Promise.all(replicas.map((replica) => bootstrap(replica)))
  assert.deepEqual(outcomes.toSorted(), ['created', 'key_file_missing', 'key_file_missing', 'key_file_missing'])
  assert.equal(await countKeys(), 7)
  const files = (await Promise.all(replicas.map(({ config }) => readdir(config.home)))).flat()
  assert.deepEqual(files, ['keys.json'])
})

test('the keys of the shared secrets are the first keys, and no replica writes or misses a file of its own', async () => {
  const shared = join(home, 'shared')
  await openSharedKeys({ home, secretsDir: shared })
  const file = join(shared, 'keys.json')
  assert.equal((await stat(file)).mode & 0o777, 0o600)
  const text = await readFile(file, 'utf8')
  const keys: Record<string, string> = JSON.parse(text)
  assert.deepEqual(Object.keys(keys), NAMES)
  const config = readConfig({ DARKROOM_HOME: join(home, 'own'), DARKROOM_SECRETS_DIR: shared })
  const outcomes = await Promise.all([0, 1, 2].map(() => bootstrap({ ...ground, config })))
  assert.deepEqual(outcomes.toSorted(), ['created', 'present', 'present'])
  assert.equal(await bootstrap({ ...ground, config }), 'present')
  assert.doesNotMatch(logged, /key file/)
  assert.deepEqual(await readdir(home), ['shared'])
  assert.deepEqual((await authenticate(ground, keys.admin ?? '')).roles, ['admin'])
  await openSharedKeys({ home, secretsDir: shared })
  assert.equal(await readFile(file, 'utf8'), text, 'what is there stays')
})

test('keys of a home are taken over by the shared secrets, and a variable without a key file changes nothing', async () => {
  const shared = join(home, 'shared')
  const config = readConfig({ DARKROOM_HOME: home, DARKROOM_SECRETS_DIR: shared })
  assert.equal(await bootstrap({ ...ground, config }), 'created')
  await openSharedKeys({ home, secretsDir: shared })
  assert.deepEqual(JSON.parse(await readFile(join(shared, 'keys.json'), 'utf8')), await readKeys())
})

test('a key file of other records is told apart from ours', async () => {
  await bootstrap(ground)
  await rm(keyFilePath(home))
  await openSharedKeys({ home, secretsDir: home })
  assert.equal(await bootstrap(ground), 'key_file_unknown')
  assert.match(logged, /none of the keys.*keys recover/)
})

test('each creation is a note in its tenant’s unbroken chain, and no key is in it', async () => {
  await bootstrap(ground)
  const moves = await database.sql.selectFrom('darkroom.move').selectAll().orderBy('id').execute()
  const kinds = moves.map((move) => move.kind)
  assert.equal(kinds.filter((kind) => kind === 'tenant.created').length, 3)
  assert.equal(kinds.filter((kind) => kind === 'person.created').length, 5)
  assert.equal(kinds.filter((kind) => kind === 'key.created').length, 7)
  const heads = new Map<string, string>()
  for (const move of moves) {
    assert.equal(move.previous_leaf, heads.get(move.tenant_id) ?? '0'.repeat(64))
    assert.equal(move.leaf_hash, leafHash(leafOf(move)))
    heads.set(move.tenant_id, move.leaf_hash)
  }
  const text = JSON.stringify(moves)
  for (const key of Object.values(await readKeys())) assert.ok(!text.includes(key))
})

test('a key is stored as its hash alone', async () => {
  await bootstrap(ground)
  const rows = JSON.stringify(await database.sql.selectFrom('darkroom.api_key').selectAll().execute())
  for (const key of Object.values(await readKeys())) assert.ok(!rows.includes(key.slice(0, 20)))
})

test('an unknown, a mistyped and a revoked key are nobody', async () => {
  await bootstrap(ground)
  const client = (await readKeys()).client ?? ''
  const { keyId } = await authenticate(ground, client)
  const admin = await authenticate(ground, (await readKeys()).admin ?? '')
  for (const key of [generateKey().text, `${client.slice(0, -1)}!`, ''])
    await assert.rejects(authenticate(ground, key), (error) => isFault(error, 'unauthenticated'))
  const { token } = await openSession(ground, client)
  await database.transact((tx) => revokeKey(tx, admin, keyId ?? ''))
  await assert.rejects(authenticate(ground, client), (error) => isFault(error, 'unauthenticated'))
  assert.equal(await callerOfSession(ground, token), null)
})

test('the last use of a key is written at most once a minute', async () => {
  await bootstrap(ground)
  const client = (await readKeys()).client ?? ''
  const { keyId } = await authenticate(ground, client)
  const lastUse = async () => {
    const row = await database.sql
      .selectFrom('darkroom.api_key')
      .select('last_used_at')
      .where('id', '=', keyId ?? '')
      .executeTakeFirstOrThrow()
    return row.last_used_at?.getTime() ?? 0
  }
  const first = await lastUse()
  await authenticate(ground, client)
  assert.equal(await lastUse(), first)
  await raw`UPDATE darkroom.clock_offset SET by = interval '61 seconds'`.execute(database.sql)
  try {
    await authenticate(ground, client)
    assert.ok((await lastUse()) >= first + 60_000)
  } finally {
    await raw`UPDATE darkroom.clock_offset SET by = interval '0'`.execute(database.sql)
  }
})

test('a session ends when it is ended, and when its time is over', async () => {
  await bootstrap(ground)
  const client = (await readKeys()).client ?? ''
  const first = await openSession(ground, client)
  assert.equal((await callerOfSession(ground, first.token))?.keyId, first.caller.keyId)
  const stored = JSON.stringify(await database.sql.selectFrom('darkroom.session').selectAll().execute())
  assert.ok(!stored.includes(first.token))
  await endSession(ground, first.token)
  assert.equal(await callerOfSession(ground, first.token), null)
  const second = await openSession(ground, client)
  await raw`UPDATE darkroom.clock_offset SET by = interval '9 hours'`.execute(database.sql)
  try {
    assert.equal(await callerOfSession(ground, second.token), null)
  } finally {
    await raw`UPDATE darkroom.clock_offset SET by = interval '0'`.execute(database.sql)
  }
})

test('a secret of the deployment is made once, for its owner only, and a damaged one is named', async () => {
  const [first, again] = await Promise.all([homeSecret({ home }, 'links'), homeSecret({ home }, 'links')])
  assert.equal(first.length, 32)
  assert.deepEqual(first, again)
  assert.notDeepEqual(await homeSecret({ home }, 'users'), first)
  const file = join(home, 'secrets', 'links.key')
  assert.equal((await stat(file)).mode & 0o777, 0o600)
  await writeFile(file, 'torn')
  await assert.rejects(
    homeSecret({ home }, 'links'),
    (error) => isFault(error, 'config_invalid') && error.field === file,
  )
})

async function countKeys(): Promise<number> {
  return (await database.sql.selectFrom('darkroom.api_key').select('id').execute()).length
}
