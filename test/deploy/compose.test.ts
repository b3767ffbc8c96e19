// deploy/compose.yaml, read by the library that Docker Compose reads it with, and the variables that it sets by this program.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { tmpdir } from 'node:os'
import { resolve } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { readConfig } from '../../src/kernel/config.ts'
import { suiteOn } from '../support/services.ts'
import { tools } from '../support/tools.ts'

const run = promisify(execFile)
const FILE = resolve(import.meta.dirname, '../../deploy/compose.yaml')
const READER = 'github.com/compose-spec/compose-go/v2/cmd@v2.16.2'

type Project = {
  services: Record<
    string,
    { command?: string[]; environment?: Record<string, string>; image: string; read_only?: boolean; user?: string }
  >
}

suiteOn('the compose file', await tools('go'), ({ go }) => {
  test('is what Compose reads, and every process of ours gets variables that it knows', async () => {
    const { stdout } = await run(go, ['run', READER, '--format', 'json', FILE], { cwd: tmpdir(), maxBuffer: 1 << 24 })
    const { services }: Project = JSON.parse(stdout)
    const ours = Object.entries(services).filter(([, { image }]) => image === 'darkroom')
    assert.deepEqual(ours.map(([name]) => name).sort(), ['buckets', 'dispatcher', 'finish', 'gpu', 'secrets', 'serve'])
    for (const [name, { environment = {} }] of ours) if (name !== 'secrets') readConfig(environment)
    const roles = ours.flatMap(([, { command = [] }]) => (command[0] === 'worker' ? command.slice(1) : []))
    assert.deepEqual(roles.sort(), ['dispatcher', 'finish', 'gpu', 'janitor'])
    for (const name of ['serve', 'gpu', 'finish', 'dispatcher']) assert.equal(services[name]?.read_only, true, name)
  })
})
