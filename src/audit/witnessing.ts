// The log's newest checkpoint, shown to its witnesses: all that have not cosigned it are asked at the same time, what came of it is kept
// at once, and then it is served. Whoever is away is asked again with the next turn, and stops nothing. A witness that saw another
// tree is an alarm each time: somebody signed two trees with the log's key, or its records were set back.
import type { Database } from '../kernel/database.ts'
import { Fault } from '../kernel/fault.ts'
import type { Log } from '../kernel/log.ts'
import { witnessResults } from '../kernel/meters.ts'
import { signedText } from './checkpoint.ts'
import type { TransparencyLog } from './log.ts'
import { consistencyProof, EMPTY_ROOT, verifyConsistency } from './merkle.ts'
import {
  beginPublishing,
  checkpointOf,
  cosignersOf,
  type Known,
  keepCosignature,
  keepWitness,
  newestCheckpoint,
  publish,
  readWitnesses,
  type SignedCheckpoint,
  takeWitnessTurn,
} from './publication.ts'
import { type LogStore, nodesOf } from './tree-store.ts'
import { askWitness, type OwnTrees, type Witness, type WitnessAnswer } from './witness.ts'

export type WitnessingTools = Pick<TransparencyLog, 'store'> & {
  readonly database: Pick<Database, 'sql' | 'transact'>
  readonly log: Pick<Log, 'info' | 'warn' | 'error'>
  readonly witnesses: readonly Witness[]
  /** From one turn to the next. */
  readonly seconds: number
  readonly timeoutMs: number
  readonly stopping: AbortSignal
}

type Asked = { witness: Witness; known: Known; answer: WitnessAnswer }

/** A cosigned checkpoint stays so many turns before one that nobody cosigned is served. */
const HELD_TURNS = 10
const UNKNOWN: Known = { size: 0, failure: null }

/**
 * One turn; null when it is not due or nothing was signed yet, else how many witnesses were asked. Faults: log_inconsistent (our own
 * tiles do not prove our own trees; what others answered is kept), object_store_failed, object_missing, object_mismatch,
 * database_failed. Rejects too when the process stops.
 */
export async function runWitnessing(tools: WitnessingTools): Promise<number | null> {
  const { database, log, witnesses, seconds } = tools
  if (!(await takeWitnessTurn(database.sql, seconds))) return null
  const checkpoint = await newestCheckpoint(database.sql)
  if (checkpoint === null) return null
  await beginPublishing(database.sql, checkpoint.size)
  const cosigners = await cosignersOf(database.sql, checkpoint.size)
  const known = await readWitnesses(database.sql)
  const asking = witnesses
    .filter(({ printed }) => !cosigners.has(printed))
    .map((witness) => askOne(tools, witness, checkpoint, known.get(witness.printed) ?? UNKNOWN))
  const outcomes = await Promise.allSettled(asking)
  tools.stopping.throwIfAborted()
  const asked = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []))
  await database.transact(async (tx) => {
    for (const one of asked) {
      await keepWitness(tx, one.witness.printed, knownNow(one))
      if (one.answer.result === 'cosigned')
        await keepCosignature(tx, checkpoint.size, one.witness.printed, one.answer.line)
    }
    await publish(tx, checkpoint.size, HELD_TURNS * seconds)
  })
  for (const one of asked) tell(log, one)
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
  return asked.length
}

async function askOne(
  tools: WitnessingTools,
  witness: Witness,
  checkpoint: SignedCheckpoint,
  known: Known,
): Promise<Asked> {
  const { size, note } = checkpoint
  const submitted = { size, note, text: signedText(note) }
  const answer = await askWitness(witness, submitted, known.size, ownTrees(tools, checkpoint), tools)
  return { witness, known, answer }
}

function ownTrees({ database: { sql }, store }: WitnessingTools, checkpoint: SignedCheckpoint): OwnTrees {
  return {
    isSigned: async (size) => size === 0 || (await checkpointOf(sql, size)) !== null,
    prove: async (size) => {
      const root = size === 0 ? EMPTY_ROOT : (await checkpointOf(sql, size))?.root
      if (root === undefined) throw unproven(size, checkpoint.size)
      return prove(store, { size, root }, checkpoint)
    },
  }
}

type Tree = Pick<SignedCheckpoint, 'size' | 'root'>

/** Checked before it is sent: a witness that refuses it has another tree, and not we another proof. */
async function prove(store: LogStore, from: Tree, to: Tree): Promise<Buffer[]> {
  const proof = await consistencyProof(from.size, to.size, nodesOf(store, to.size))
  if (!verifyConsistency(from.size, from.root, to.size, to.root, proof)) throw unproven(from.size, to.size)
  return proof
}

function unproven(from: number, to: number): Fault {
  return new Fault('log_inconsistent', {
    detail: `the log's store does not prove that the tree of ${from} leaves is the beginning of that of ${to}`,
    facts: { from, to },
  })
}

function knownNow({ known, answer }: Asked): Known {
  switch (answer.result) {
    case 'cosigned':
    case 'overtaken':
      return { size: answer.size, failure: null }
    default:
      return { size: known.size, failure: answer.result }
  }
}

/** Each change of a witness's state once; another tree each time. */
function tell(log: WitnessingTools['log'], { witness, known, answer }: Asked): void {
  const { result } = answer
  const name = witness.key.name
  witnessResults.inc({ witness: name, result })
  switch (result) {
    case 'cosigned':
    case 'overtaken':
      if (known.failure !== null) log.info({ witness: name }, 'a witness cosigns the log again')
      return
    case 'split_view':
      log.error(
        { witness: name, detail: answer.detail },
        'a witness has seen another tree of this log: its key signed two, or its records were set back',
      )
      return
    default:
      if (known.failure !== result)
        log.warn({ witness: name, problem: result, detail: answer.detail }, 'a witness does not cosign the log')
  }
}
