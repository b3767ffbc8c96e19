// The service as `npm start` runs it, on a free port in a directory of its own.
// It draws with the shipped model, so it is slow: one service serves a whole suite.
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startService } from '../../src/commands/service.ts'
import { readConfig } from '../../src/kernel/config.ts'
import { openLog } from '../../src/kernel/log.ts'

export async function openRealService() {
  const home = await mkdtemp(join(tmpdir(), 'darkroom-openai-'))
  const service = await startService(readConfig({ DARKROOM_HOME: home, PORT: '0' }), { log: openLog('silent') })
  const keys: Record<string, string> = JSON.parse(await readFile(join(home, 'keys.json'), 'utf8'))
  return {
    url: service.url,
    key: (name: string) => keys[name] ?? '',
    [Symbol.asyncDispose]: async () => {
      await service[Symbol.asyncDispose]()
      await rm(home, { recursive: true, force: true })
    },
  }
}
