// Configuration and the data directory: every mistake at once, by name; one process at a time.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { readConfig } from '../../src/kernel/config.ts'
import { isFault } from '../../src/kernel/fault.ts'
import { lockHome } from '../../src/kernel/home-lock.ts'

test('the defaults are safe and frozen', () => {
  const config = readConfig({})
  assert.equal(config.host, '127.0.0.1')
  assert.equal(config.port, 8080)
  assert.ok(config.urlTtlSeconds <= 300)
  assert.throws(() => Object.assign(config.limits, { bodyBytes: 1 }), TypeError)
})

test('all mistakes are reported together, each by its variable', () => {
  const wrong = {
    PORT: '99999',
    DATABASE_URL: 'mysql://x',
    DARKROOM_PROVIDER: 'tpu',
    DARKROOM_LOG_LEVLE: 'info',
    DARKROOM_SIGNER_KEY_FILE: 'key.pem',
    DARKROOM_MAX_STEPS: '1.5',
  }
  assert.throws(
    () => readConfig(wrong),
    (error) => {
      assert.ok(isFault(error, 'config_invalid'))
      for (const name of Object.keys(wrong)) assert.match(error.message, new RegExp(name))
      return true
    },
  )
})

test('limits hold at their edges', () => {
  assert.equal(readConfig({ DARKROOM_URL_TTL_SECONDS: '300' }).urlTtlSeconds, 300)
  assert.throws(() => readConfig({ DARKROOM_URL_TTL_SECONDS: '301' }), /DARKROOM_URL_TTL_SECONDS/)
  assert.throws(() => readConfig({ REDIS_URL: 'redis://127.0.0.1' }), /REDIS_URL/)
})

test('a second holder of a data directory is refused, and the first one to let go frees it', () => {
  const home = mkdtempSync(join(tmpdir(), 'darkroom-lock-'))
  const first = lockHome(home)
  assert.throws(
    () => lockHome(home),
    (error) => isFault(error, 'home_locked'),
  )
  first[Symbol.dispose]()
  lockHome(home)[Symbol.dispose]()
  rmSync(home, { recursive: true })
})

test('a data directory that cannot be written is named', () => {
  const directory = mkdtempSync(join(tmpdir(), 'darkroom-home-'))
  writeFileSync(join(directory, 'file'), '')
  assert.throws(
    () => lockHome(join(directory, 'file', 'home')),
    (error) => isFault(error, 'home_unwritable') && error.field === 'DARKROOM_HOME',
  )
  rmSync(directory, { recursive: true })
})
