// The log at a million leaves: how fast moves come into it, what proofs, an export and its verification take, and how much memory. Each beside
// a bare peer in the same run, on a PostgreSQL cluster of its own and stores of files.
//   npm run bench -- bench/audit.ts [--leaves 1000000] [--proofs 1000] [--rounds 1] [--write]
// `--write` puts what it prints into bench/results/audit.md. Linux alone: it asks /proc for peaks of memory.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { sql as raw } from 'kysely'
import { recordMoves } from '../test/audit/many-moves.ts'
import { withPostgres } from '../test/support/postgres.ts'
import { measureExports } from './audit/exports.ts'
import { measureIntegration } from './audit/integration.ts'
import { measureProofs } from './audit/proofs.ts'
import { addTenants, openStage, type Place } from './audit/stage.ts'
import { measureVerification } from './audit/verification.ts'

const FACT_BYTES = 160
const { values } = parseArgs({
  options: {
    leaves: { type: 'string', default: '1000000' },
    proofs: { type: 'string', default: '1000' },
    rounds: { type: 'string', default: '1' },
    write: { type: 'boolean', default: false },
  },
})
const asNumber = (option: string, text: string) => {
  if (!/^[1-9]\d*$/.test(text)) throw new RangeError(`--${option} is a number from 1; not ${text}`)
  return Number(text)
}
const leaves = asNumber('leaves', values.leaves)
const proofs = asNumber('proofs', values.proofs)
const rounds = asNumber('rounds', values.rounds)

const postgres = await withPostgres(['-c', 'shared_buffers=512MB', '-c', 'max_wal_size=4GB'])
if ('missing' in postgres) throw new Error(`needs ${postgres.missing}`)
await using stack = new AsyncDisposableStack()
const server = stack.use(postgres)
const home = await mkdtemp(join(tmpdir(), 'darkroom-bench-audit-'))
stack.defer(() => rm(home, { recursive: true, force: true }))
const place: Place = { url: stack.use(await server.database()).url, home }
const stage = stack.use(await openStage(place))

const sections: string[] = []
const took: string[] = []
const [one] = cpus()
const archive = join(home, 'export.tar')

tell(`# The log at ${leaves.toLocaleString('en')} leaves

\`npm run bench -- bench/audit.ts --leaves ${leaves} --proofs ${proofs} --rounds ${rounds} --write\`, ${new Date().toISOString().slice(0, 10)}; ${cpus().length} × ${one?.model}, ${load()} at the start;
Node ${process.version}, PostgreSQL in a cluster of its own (fsync off, shared_buffers 512 MB), the log and the quarantine in files, which are synced.
Moves of eight tenants in turn, with ${FACT_BYTES} bytes of facts. Medians (least–most); p50 and p99 by nearest rank.
`)
await phase('filling', async () => {
  await recordMoves(stage.database, await addTenants(stage), leaves, { factBytes: FACT_BYTES })
  await raw`ANALYZE`.execute(stage.database.sql)
  return null
})
await phase('integration', () => measureIntegration(stage, place))
await phase('proofs', () => measureProofs(stage, place, proofs))
await phase('exports', () => measureExports(stage, place, { leaves, rounds, out: archive }))
await phase('verification', () => measureVerification(archive, leaves, rounds))
tell(`The parts of this run took: ${took.join(', ')}; ${(performance.now() / 1000).toFixed(0)} s in all.\n`)
if (values.write) await writeFile(join(import.meta.dirname, 'results/audit.md'), sections.join('\n'))

/** One part, told when it is over, with the load there was. */
async function phase(name: string, work: () => Promise<string | null>): Promise<void> {
  const began = performance.now()
  const text = await work()
  took.push(`${name} ${((performance.now() - began) / 1000).toFixed(0)} s (${load()})`)
  process.stderr.write(`${took.at(-1)}\n`)
  if (text !== null) tell(text)
}

function tell(text: string): void {
  sections.push(text)
  process.stdout.write(`${text}\n`)
}

function load(): string {
  return `load ${(loadavg()[0] ?? 0).toFixed(1)}`
}
