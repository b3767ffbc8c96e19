// `darkroom serve`: the service, and its workers unless told otherwise, until it is asked to stop.
import { parseArgs } from 'node:util'
import { readConfig } from '../kernel/config.ts'
import { Fault } from '../kernel/fault.ts'
import { openLog } from '../kernel/log.ts'
import { keyFileOf } from '../tenant/key-file.ts'
import type { Command } from './command.ts'
import { startService } from './service.ts'
import { untilAskedToStop } from './stop.ts'
import { startTracing } from './tracing.ts'

export const command: Command = {
  usage: `usage: npm start   (or: npm run darkroom -- serve [--without-workers])

Serves the API and the console at HOST:PORT. Everything is embedded unless DATABASE_URL (and REDIS_URL) say otherwise.
--without-workers leaves the work to 'darkroom worker' processes; it needs DATABASE_URL.`,
  run: async (args) => {
    const { values } = parseArgs({ args, options: { 'without-workers': { type: 'boolean', default: false } } })
    const config = readConfig(process.env)
    const workers = !values['without-workers']
    if (!workers && config.databaseUrl === null)
      throw new Fault('config_invalid', {
        field: 'DATABASE_URL',
        detail: 'worker processes need a PostgreSQL database',
      })
    const log = openLog(config.logLevel)
    await using _tracing = startTracing(process.env, workers ? 'all' : 'serve', log)
    await using service = await startService(config, { log, workers })
    process.stdout.write(welcome(service.url, (await keyFileOf(config)).path))
    await untilAskedToStop(log)
  },
}

function welcome(url: string, keyFile: string): string {
  return `Darkroom is ready at ${url}

  playground   ${url}/          sign in with a key from ${keyFile}
  verify       ${url}/verify    did this picture come from here?
  reference    ${url}/docs

  curl -s ${url}/v1/images/generations -H "authorization: Bearer $(node -p 'require("${keyFile}").client')" \\
    -H 'content-type: application/json' -d '{"prompt":"a red boat on the sea at sunset","response_format":"url"}'

`
}
