// A start that cannot succeed says why, names what is at fault, ends with status 1, and leaves nothing that hinders the next one.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdtempSync, readFileSync, rmSync, statSync, unlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, beforeEach, test } from 'node:test'
import { lockHome } from '../../src/kernel/home-lock.ts'
import { startServe } from '../support/service-process.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const scratch = mkdtempSync(join(tmpdir(), 'darkroom-start-'))
after(() => rmSync(scratch, { recursive: true, force: true }))

let home: string
beforeEach(() => {
  home = mkdtempSync(join(scratch, 'home-'))
})

async function startAndFail(env: Record<string, string>): Promise<{ code: number | null; said: string }> {
  const child = spawn(process.execPath, [join(ROOT, 'src/main.ts'), 'serve'], {
    env: { PATH: process.env.PATH ?? '', PORT: '0', DARKROOM_HOME: home, DARKROOM_LOG_LEVEL: 'silent', ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const [said] = await Promise.all([text(child.stderr), once(child, 'exit')])
  return { code: child.exitCode, said }
}

function copyOf(folder: string): string {
  const copy = mkdtempSync(join(scratch, 'copy-'))
  cpSync(join(ROOT, folder), copy, { recursive: true })
  return copy
}

test('every wrong variable is named at once', async () => {
  const { code, said } = await startAndFail({ PORT: 'eighty', DARKROOM_PROVIDER: 'tpu', DARKROOM_MAX_STEP: '3' })
  assert.equal(code, 1)
  for (const name of ['PORT', 'DARKROOM_PROVIDER', 'DARKROOM_MAX_STEP']) assert.match(said, new RegExp(name))
})

test('a data directory that another process holds is refused by name', async () => {
  using _lock = lockHome(home)
  const { code, said } = await startAndFail({})
  assert.equal(code, 1)
  assert.ok(said.includes(home) && said.includes('home_locked'), said)
})

test('a data directory that cannot be made is refused by name', async () => {
  writeFileSync(join(home, 'file'), '')
  const { code, said } = await startAndFail({ DARKROOM_HOME: join(home, 'file', 'below') })
  assert.equal(code, 1)
  assert.match(said, /DARKROOM_HOME.*home_unwritable/)
})

test('a busy port is named, and the next start on the same data succeeds', async () => {
  const holder = createServer().listen(0, '127.0.0.1')
  await once(holder, 'listening')
  const address = holder.address()
  const port = typeof address === 'object' ? String(address?.port) : ''
  const { code, said } = await startAndFail({ PORT: port })
  holder.close()
  assert.equal(code, 1)
  assert.ok(said.includes(port) && said.includes('port_busy'), said)
  await using _service = await startServe({ DARKROOM_HOME: home, DARKROOM_PROVIDER: 'cpu' })
  assert.equal(statSync(join(home, 'keys.json')).mode & 0o777, 0o600)
})

test('a damaged model file is named, with the digest found and the one expected', async () => {
  const packs = copyOf('models/packs')
  const file = join(packs, 'storybook/vae_decoder/model.onnx')
  const bytes = readFileSync(file)
  bytes.writeUInt8((bytes.at(-1) ?? 0) ^ 1, bytes.length - 1)
  writeFileSync(file, bytes)
  const { code, said } = await startAndFail({ DARKROOM_PACKS_DIR: packs })
  assert.equal(code, 1)
  assert.match(said, /vae_decoder\/model\.onnx/)
  assert.equal(said.match(/[0-9a-f]{64}/g)?.length, 2, said)
})

test('a missing model file is named', async () => {
  const packs = copyOf('models/packs')
  unlinkSync(join(packs, 'storybook/unet/model.onnx'))
  const { code, said } = await startAndFail({ DARKROOM_PACKS_DIR: packs })
  assert.equal(code, 1)
  assert.match(said, /unet\/model\.onnx/)
})

test('an unknown default model is named', async () => {
  const { code, said } = await startAndFail({ DARKROOM_DEFAULT_MODEL: 'no-such-model' })
  assert.equal(code, 1)
  assert.match(said, /no-such-model.*DARKROOM_DEFAULT_MODEL.*model_unknown/s)
})

test('a policy that cannot be loaded is refused with its line', async () => {
  const policies = copyOf('policies')
  const file = join(policies, 'moderation.yaml')
  writeFileSync(file, readFileSync(file, 'utf8').replace('version:', 'verzion:'))
  const { code, said } = await startAndFail({ DARKROOM_POLICIES_DIR: policies })
  assert.equal(code, 1)
  assert.match(said, /moderation\.yaml:\d+.*policy_invalid/s)
})
