// deploy/compose.yaml, read by the library that Docker Compose reads it with, and walked by hand: its servers and each of its processes,
// in its order and with its environment, until a picture is published.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { readConfig } from '../../src/kernel/config.ts'
import { client, type ServiceProcess, startServe, startWorker, untilEnded } from '../support/service-process.ts'
import { freePort, suiteOn } from '../support/services.ts'
import { tools } from '../support/tools.ts'
import { COMPOSE_FILE, openWalk } from './compose-file.ts'

const run = promisify(execFile)
const MAIN = resolve(import.meta.dirname, '../../src/main.ts')
const LIMIT_MS = 240_000

type Project = {
  services: Record<
    string,
    { command?: string[]; environment?: Record<string, string>; image: string; read_only?: boolean; user?: string }
  >
}

const walked = await openWalk()

suiteOn('the compose file', await tools('compose-spec'), ({ 'compose-spec': read }) => {
  test('is what Compose reads, and every process of ours gets variables that it knows', async () => {
    const { stdout } = await run(read, ['--format', 'json', COMPOSE_FILE], { maxBuffer: 1 << 24 })
    const { services }: Project = JSON.parse(stdout)
    const ours = Object.entries(services).filter(([, { image }]) => image === 'darkroom')
    assert.deepEqual(ours.map(([name]) => name).sort(), ['buckets', 'dispatcher', 'finish', 'gpu', 'secrets', 'serve'])
    for (const [name, { environment = {} }] of ours) if (name !== 'secrets') readConfig(environment)
    const roles = ours.flatMap(([, { command = [] }]) => (command[0] === 'worker' ? command.slice(1) : []))
    assert.deepEqual(roles.sort(), ['dispatcher', 'finish', 'gpu', 'janitor'])
    for (const name of ['serve', 'gpu', 'finish', 'dispatcher']) assert.equal(services[name]?.read_only, true, name)
  })
})

suiteOn('the compose file, walked without containers', walked, (walk) => {
  test('its servers, then its processes in its order, end in a published picture', async () => {
    await using processes = new AsyncDisposableStack()
    const homes: string[] = []
    const started = new Map<string, ServiceProcess>()
    assert.deepEqual(walk.order.slice(0, 2).toSorted(), ['buckets', 'secrets'])
    for (const name of walk.order) {
      const { command, env } = walk.of(name)
      const home = join(walk.folder, `home-${name}`)
      homes.push(home)
      // What the image says, and ports that are free here.
      const ports = env.DARKROOM_METRICS_PORT === undefined ? {} : { DARKROOM_METRICS_PORT: `${await freePort()}` }
      const own = { ...env, ...ports, DARKROOM_HOME: home }
      const [first, ...args] = command
      if (first === 'serve') started.set(name, processes.use(await startServe(own, args)))
      else if (first === 'worker') started.set(name, processes.use(await startWorker(own, args)))
      else await run(process.execPath, [MAIN, ...command], { env: { PATH: process.env.PATH, ...own } })
    }
    assert.deepEqual([...started.keys()].toSorted(), ['dispatcher', 'finish', 'gpu', 'serve'])

    const keyFile = join(walk.secrets, 'keys.json')
    assert.equal(statSync(keyFile).mode & 0o777, 0o600)
    const keys: { client: string } = JSON.parse(readFileSync(keyFile, 'utf8'))
    const asker = client(started.get('serve')?.url ?? '', keys.client)
    const request = await asker.submit({ prompt: 'a red boat on the sea', n: 1, quality: 'low', seed: 7 })
    assert.ok(request, 'the first keys work')
    const [ended] = await untilEnded(asker, [request.id], LIMIT_MS)
    assert.equal(ended?.outcome, 'published', JSON.stringify(ended))
    const picture = await asker.bytes(ended.images[0]?.url ?? '')
    assert.equal(picture.subarray(1, 4).toString('latin1'), 'PNG', 'the link of the store leads to the picture')
    for (const home of homes) assert.deepEqual(filesIn(home), [], `nothing is kept in ${home}`)
    const { command, env } = walk.of('dispatcher')
    const strange = {
      ...env,
      DARKROOM_SECRETS_DIR: join(walk.folder, 'other'),
      DARKROOM_HOME: join(walk.folder, 'other'),
    }
    await assert.rejects(
      run(process.execPath, [MAIN, ...command], { env: { PATH: process.env.PATH, ...strange }, timeout: 60_000 }),
      /not the ones that this deployment began with.*mark-keys.*secrets accept.*config_invalid/s,
    )
    const warned = [...started.values()].flatMap(({ lines }) => lines.filter(({ level }) => Number(level) >= 40))
    assert.deepEqual(warned, [])
  })
})

function filesIn(directory: string): string[] {
  try {
    return readdirSync(directory)
  } catch {
    return []
  }
}
