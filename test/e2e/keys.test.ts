// `darkroom keys` as an operator runs it: through the API of a running service, and in the records when every key was lost.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, before, test } from 'node:test'
import { openDatabase } from '../../src/kernel/database.ts'
import { lockHome } from '../../src/kernel/home-lock.ts'
import { bootstrap } from '../../src/tenant/bootstrap.ts'
import { authenticate } from '../../src/tenant/caller.ts'
import { keyFilePath } from '../../src/tenant/key-file.ts'
import { openService, type Service } from '../http/service.ts'
import { openWorld } from '../support/world.ts'

const MAIN = resolve(import.meta.dirname, '../../src/main.ts')
const LIMIT_MS = 60_000
let service: Service
let folder: string
let tenant: string
before(async () => {
  service = await openService()
  folder = await mkdtemp(join(tmpdir(), 'darkroom-keys-'))
  tenant = (await (await service.call('/v1/me')).json()).tenant.id
})
after(async () => {
  await service[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

/** Standard output is a pipe here: no terminal. */
function keys(args: string[], env: Record<string, string> = {}): Promise<{ code: number; out: string; err: string }> {
  const known = { PATH: process.env.PATH ?? '', DARKROOM_HOME: service.home, DARKROOM_URL: service.url }
  return new Promise((done) => {
    const options = { env: { ...known, ...env }, timeout: LIMIT_MS }
    const child = execFile(process.execPath, [MAIN, 'keys', ...args], options, (_error, out, err) =>
      done({ code: child.exitCode ?? -1, out, err }),
    )
  })
}
const works = async (key: string) =>
  (await service.call('/v1/me', { headers: { authorization: `Bearer ${key}` } })).status === 200

test('a key goes to a new file for its owner alone, or nowhere, and is made only when it can go there', async () => {
  const make = ['create', '--tenant', tenant, '--name', 'by hand', '--roles', 'client']
  const count = async () =>
    (await service.ground.database.sql.selectFrom('darkroom.api_key').select('id').execute()).length
  const before_ = await count()
  const nowhere = await keys(make)
  assert.notEqual(nowhere.code, 0)
  assert.match(nowhere.err, /on a terminal only/)
  assert.notEqual((await keys([...make, '--out', folder])).code, 0)
  assert.equal(await count(), before_, 'no key that nobody could read')
  const file = join(folder, 'key')
  const made = await keys([...make, '--out', file])
  assert.equal(made.code, 0, made.err)
  assert.equal((await stat(file)).mode & 0o777, 0o600)
  const key = (await readFile(file, 'utf8')).trim()
  assert.ok(await works(key))
  assert.ok(!made.out.includes(key) && !made.err.includes(key))
  assert.notEqual((await keys([...make, '--out', file])).code, 0, 'an existing file is kept')
  assert.equal((await readFile(file, 'utf8')).trim(), key)
})

test('a key is rotated, listed by prefix and state, and revoked', async () => {
  const printed = await keys([
    'create',
    '--tenant',
    tenant,
    '--name',
    'p',
    '--roles',
    'client',
    '--env',
    'test',
    '--print',
  ])
  const key = printed.out.trim()
  assert.match(key, /^dk_test_\w{32}$/)
  const id = /key (key_\w+);/.exec(printed.err)?.[1] ?? ''
  const rotated = await keys(['rotate', id, '--overlap', '0', '--print'])
  assert.equal(rotated.code, 0, rotated.err)
  assert.equal(await works(key), false)
  assert.ok(await works(rotated.out.trim()))
  const next = /key (key_\w+);/.exec(rotated.err)?.[1] ?? ''
  assert.equal((await keys(['revoke', next])).code, 0)
  const list = await keys(['list'])
  assert.match(list.out, new RegExp(`${next}  dk_test_\\w{4}…  client  revoked `))
  assert.ok(!list.out.includes(key))
  const refused = await keys(['create', '--tenant', tenant, '--name', 'x', '--roles', 'reviewer', '--print'])
  assert.match(refused.err, /only the operator's tenant has the role reviewer \(roles\)/)
})

test('when every key was lost, the records give a new administrator one, and the log says so', async () => {
  const home = join(folder, 'home')
  const env = { DARKROOM_HOME: home, DARKROOM_URL: '' }
  {
    await using database = await openDatabase({ url: null, home })
    await using world = await openWorld({ database: await openDatabase({ url: null, home: null }) })
    await bootstrap({ ...world.ground, config: { ...world.ground.config, home }, database })
  }
  await rm(keyFilePath(home))
  {
    using _running = lockHome(home)
    const locked = await keys(['recover', '--print'], env)
    assert.notEqual(locked.code, 0)
    assert.match(locked.err, /stop it first/)
  }
  const file = join(folder, 'recovered')
  const recovered = await keys(['recover', '--out', file], env)
  assert.equal(recovered.code, 0, recovered.err)
  await using database = await openDatabase({ url: null, home })
  await using world = await openWorld({ database: await openDatabase({ url: null, home: null }) })
  const key = (await readFile(file, 'utf8')).trim()
  const caller = await authenticate({ ...world.ground, database }, key)
  assert.deepEqual(caller.roles, ['admin'])
  const note = await database.sql
    .selectFrom('darkroom.move')
    .select('facts')
    .where('subject_id', '=', caller.keyId ?? '')
    .executeTakeFirst()
  assert.deepEqual(Object(note?.facts).by, { program: 'recovery' })
})
