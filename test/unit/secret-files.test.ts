// The secrets that machines share: made once where they may be, refused with the remedy where they may not, found where an older
// release kept them.
import assert from 'node:assert/strict'
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { isFault } from '../../src/kernel/fault.ts'
import { secretFile } from '../../src/kernel/secret-files.ts'
import { openMarkKeys } from '../../src/mark/mark-keys.ts'
import { homeSecret } from '../../src/tenant/secret.ts'

const root = mkdtempSync(join(tmpdir(), 'darkroom-secret-files-'))
after(() => rmSync(root, { recursive: true, force: true }))
let count = 0
const fresh = () => {
  const directory = join(root, String(++count))
  mkdirSync(directory)
  return directory
}

test('of many processes that start at once each has the same secret, and nothing else is left', async () => {
  const place = { home: fresh(), secretsDir: join(fresh(), 'shared') }
  const made = await Promise.all(
    Array.from({ length: 10 }, (_, index) => secretFile(place, 'a.key', async () => `${index}`)),
  )
  assert.equal(new Set(made).size, 1)
  assert.deepEqual(readdirSync(place.secretsDir), ['a.key'])
  assert.equal(statSync(join(place.secretsDir, 'a.key')).mode & 0o777, 0o600)
})

test('a directory that lacks a secret and cannot be written is refused with the remedy', async () => {
  await assert.rejects(
    homeSecret({ home: fresh(), secretsDir: '/dev/null/secrets' }, 'links'),
    (error) =>
      isFault(error, 'config_invalid') &&
      error.field === 'DARKROOM_SECRETS_DIR' &&
      /links\.key.*darkroom secrets init/.test(error.message),
  )
})

test('files behind symbolic links, as Kubernetes mounts them, are read', async () => {
  const [data, mounted] = [fresh(), fresh()]
  writeFileSync(join(data, 'links.key'), 'ab'.repeat(32))
  symlinkSync(data, join(mounted, '..data'))
  symlinkSync('..data/links.key', join(mounted, 'links.key'))
  assert.equal((await homeSecret({ home: fresh(), secretsDir: mounted }, 'links')).toString('hex'), 'ab'.repeat(32))
})

test('what an older release kept in the home is taken over', async () => {
  const home = fresh()
  mkdirSync(join(home, 'signer', 'mark'), { recursive: true })
  writeFileSync(join(home, 'signer', 'mark', 'keys.json'), JSON.stringify([{ epoch: 3, secret: 'cd'.repeat(16) }]))
  mkdirSync(join(home, 'secrets'))
  writeFileSync(join(home, 'secrets', 'users.key'), 'ef'.repeat(32))
  const place = { home, secretsDir: join(home, 'elsewhere') }
  assert.equal((await openMarkKeys(place))[0]?.epoch, 3)
  assert.equal((await homeSecret(place, 'users')).toString('hex'), 'ef'.repeat(32))
  assert.equal(readFileSync(join(place.secretsDir, 'users.key'), 'utf8'), 'ef'.repeat(32))
})
