// `darkroom worker`: one or more worker roles in a process of their own, against the database that the service uses.
import { readConfig } from '../kernel/config.ts'
import { Fault } from '../kernel/fault.ts'
import { openLog } from '../kernel/log.ts'
import { holdSecrets } from '../tenant/fingerprints.ts'
import type { Command } from './command.ts'
import { openMarkTools, openParts } from './parts.ts'
import { startProbes } from './probes.ts'
import { ROLES, startRoles } from './roles.ts'
import { readSharedSecrets } from './shared-secrets.ts'
import { untilAskedToStop } from './stop.ts'
import { startTracing } from './tracing.ts'

export const command: Command = {
  usage: `usage: npm run darkroom -- worker [${ROLES.join('] [')}]

Runs the named roles, or all of them, against DATABASE_URL, on this machine or another: all share DARKROOM_SECRETS_DIR, and
DARKROOM_HOME too unless objects are on S3.`,
  run: async (args) => {
    const config = readConfig(process.env)
    const unknown = args.find((name) => !ROLES.some((role) => role === name))
    if (unknown !== undefined)
      throw new Fault('invalid_request', {
        field: 'role',
        detail: `there is no role '${unknown}'; there are ${ROLES.join(', ')}`,
      })
    if (config.databaseUrl === null)
      throw new Fault('config_invalid', {
        field: 'DATABASE_URL',
        detail: 'a worker process needs a PostgreSQL database; the embedded one belongs to a single process',
      })
    await using stack = new AsyncDisposableStack()
    const log = openLog(config.logLevel)
    const roles = args.length === 0 ? ROLES : ROLES.filter((role) => args.includes(role))
    stack.use(startTracing(process.env, roles.join('+'), log))
    const parts = await openParts(config, log, stack)
    const { ground, checks } = parts
    await holdSecrets(ground.database.sql, await readSharedSecrets(config))
    await startRoles(roles, parts, await openMarkTools(config, log, stack), stack)
    stack.use(await startProbes({ config, database: ground.database, checks, log }))
    log.info({ roles }, 'the worker is ready')
    await untilAskedToStop(log)
  },
}
