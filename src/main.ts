// The command line. Each command is one file in src/commands that wires the parts together; nothing imports them but this.
import type { Command } from './commands/command.ts'
import { isFault } from './kernel/fault.ts'

const commands: Record<string, { summary: string; load: () => Promise<{ command: Command }> }> = {
  audit: { summary: 'export the log, verify an export of it', load: () => import('./commands/audit.ts') },
  serve: { summary: 'run the service (everything in one process)', load: () => import('./commands/serve.ts') },
  worker: { summary: 'run workers against the same database', load: () => import('./commands/worker.ts') },
  generate: {
    summary: 'a picture from a running service, or from one started for it',
    load: () => import('./commands/generate.ts'),
  },
  keys: { summary: 'list, make, rotate, revoke and recover keys', load: () => import('./commands/keys.ts') },
  models: { summary: 'pull, adopt, prepare, measure and tend model packs', load: () => import('./commands/models.ts') },
  objects: { summary: 'make the buckets of the object store', load: () => import('./commands/objects.ts') },
  policy: {
    summary: 'check, explain and compare policies; which was in force',
    load: () => import('./commands/policy.ts'),
  },
  secrets: { summary: 'make the secrets that machines share', load: () => import('./commands/secrets.ts') },
  statements: {
    summary: 'export statements of reasons, report on them',
    load: () => import('./commands/statements.ts'),
  },
  verify: { summary: 'ask whether a picture came from here', load: () => import('./commands/verify.ts') },
}

async function main(argv: string[]): Promise<void> {
  const [name, ...args] = argv
  const entry = name !== undefined && Object.hasOwn(commands, name) ? commands[name] : undefined
  if (entry === undefined) {
    const asked = name === undefined || name === 'help' || name === '--help'
    if (!asked) process.stderr.write(`darkroom: there is no command '${name}'\n\n`)
    process.stdout.write(overview())
    process.exitCode = asked ? 0 : 2
    return
  }
  const { command } = await entry.load()
  if (args.includes('--help')) {
    process.stdout.write(`${command.usage}\n`)
    return
  }
  await command.run(args)
}

function overview(): string {
  const lines = Object.entries(commands).map(([name, { summary }]) => `  ${name.padEnd(10)} ${summary}`)
  return `usage: npm run darkroom -- <command> [options]\n\n${lines.join('\n')}\n\n<command> --help tells its options.\n`
}

// Everything is disposed of by now. The signer's library keeps an idle process alive until its callbacks are collected.
const end = () => process.exit()

// Whoever reads may stop reading: `darkroom keys list | head`.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1))

main(process.argv.slice(2)).then(end, (error: unknown) => {
  if (isUsageError(error)) {
    process.stderr.write(`darkroom: ${error.message}\n`)
    process.exit(2)
  }
  if (isFault(error)) {
    const field = error.field === undefined ? '' : ` (${error.field})`
    const why = error.cause instanceof Error && error.cause.message !== '' ? `\n  ${error.cause.message}` : ''
    process.stderr.write(`darkroom: ${error.message}${field} [${error.code}]${why}\n`)
    process.exit(1)
  }
  process.stderr.write(`darkroom: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`)
  process.exit(1)
})

function isUsageError(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS')
}
