// Runs one task: claim, keep the lease, do the stage's work, and on a fault decide between another try and a typed failure.
// This is the one place that maps faults to retries. It is also crash recovery: a task whose lease ran out is simply claimed again.
import type { Failure, Stage } from '../src/journey.ts'
import { Fault } from '../src/kernel/fault.ts'
import { type Ground, requestTopic } from '../src/kernel/ground.ts'
import { stageFaults, stageSeconds, waitSeconds } from '../src/kernel/meters.ts'
import { WEBHOOK_TOPIC } from '../src/kernel/outbox.ts'
import { type Claim, type Counted, claimTask, completeTask, renewLease, retryTask } from '../src/kernel/tasks.ts'
import { currentTraceId, inSpan } from '../src/kernel/trace.ts'
import { failImage, failRequest, failureOf, lockRequest } from '../src/outcome.ts'

export type StageWork = (claim: Claim, signal: AbortSignal) => Promise<void>

/** A worker that dies this often, with this task alone in its hands, is being poisoned by it. */
const MAX_CRASHES = 3
const LONGEST_BACKOFF_MS = 30_000

/** `poisoned` takes the place of a failure when the task keeps killing its worker. */
export async function runTask(ground: Ground, taskId: string, work: StageWork, poisoned?: StageWork): Promise<void> {
  const claim = await claimTask(ground.database.sql, taskId, ground.config.tasks.leaseMs)
  if (claim === null) return
  waitSeconds.observe({ stage: claim.stage }, claim.waitedMs / 1000)
  const attributes = {
    'darkroom.stage': claim.stage,
    'darkroom.subject': claim.subjectId,
    'darkroom.task': claim.taskId,
    'darkroom.attempt': claim.attempt,
  }
  const began = performance.now()
  const result = await inSpan(`stage ${claim.stage}`, { attributes, kind: 'consumer', parent: claim.traceparent }, () =>
    attempt(ground, claim, work, poisoned),
  )
  stageSeconds.observe({ stage: claim.stage, result }, (performance.now() - began) / 1000)
}

/** How an attempt ended: its work is done, is to be tried again, has failed for good, was stopped, or is somebody else's now. */
type Result = 'done' | 'retry' | 'failed' | 'cancelled' | 'lost'

async function attempt(ground: Ground, claim: Claim, work: StageWork, poisoned?: StageWork): Promise<Result> {
  const log = ground.log.child({
    task: claim.taskId,
    stage: claim.stage,
    subject: claim.subjectId,
    attempt: claim.attempt,
    traceId: currentTraceId(),
  })
  log.debug('a task is claimed')
  const isPoisoned = claim.crashes >= MAX_CRASHES
  if (isPoisoned && poisoned === undefined) {
    log.error({ crashes: claim.crashes }, 'a task kept killing its worker; it is failed')
    await giveUp(ground, claim, 'poison')
    return 'failed'
  }
  const lost = new AbortController()
  const renewal = keepLease(ground, claim, lost)
  try {
    await (isPoisoned && poisoned !== undefined ? poisoned : work)(claim, lost.signal)
    return 'done'
  } catch (error) {
    return await handleFault(ground, claim, error, log)
  } finally {
    clearInterval(renewal)
  }
}

function keepLease(ground: Ground, claim: Claim, lost: AbortController): NodeJS.Timeout {
  const { leaseMs } = ground.config.tasks
  return setInterval(() => {
    renewLease(ground.database.sql, claim, leaseMs).then(
      (held) => {
        if (!held) lost.abort(new Fault('lease_lost'))
      },
      (error: unknown) => ground.log.warn({ error, task: claim.taskId }, 'a lease could not be renewed'),
    )
  }, leaseMs / 3)
}

/** Whether a task that failed so is tried again: it is not lost, and it has a try left, or the fault says nothing about it. */
export function mayRetry({ config }: Ground, claim: Claim, error: unknown): boolean {
  const fault = asFault(error)
  if (fault.code === 'lease_lost' || fault.code === 'cancelled') return true
  const crashed = fault.facts.crashed === true
  const tries = claim.attempt - claim.waits
  const spent = tries >= config.tasks.maxAttempts || claim.crashes + (crashed ? 1 : 0) >= MAX_CRASHES
  return isAway(fault) || (fault.retry !== 'never' && !spent)
}

async function handleFault(ground: Ground, claim: Claim, error: unknown, log: Ground['log']): Promise<Result> {
  const fault = asFault(error)
  if (fault.code === 'lease_lost') {
    log.info('somebody else has this task now')
    return 'lost'
  }
  // Stopped where it may be: for a drain it is given back at once; a cancelled request's task is gone and stays gone.
  if (fault.code === 'cancelled') {
    await giveBack(ground, claim, 0, { waited: true })
    return 'cancelled'
  }
  stageFaults.inc({ stage: claim.stage, code: fault.code })
  const { backoffMs } = ground.config.tasks
  const crashed = fault.facts.crashed === true
  const again = mayRetry(ground, claim, fault)
  log.warn({ error: fault, retry: again }, 'a task failed')
  if (!again) {
    await giveUp(ground, claim, crashed ? 'poison' : failureOf(fault))
    return 'failed'
  }
  const backoff = Math.min(LONGEST_BACKOFF_MS, backoffMs * 2 ** (claim.attempt - 1)) * (0.5 + Math.random())
  await giveBack(ground, claim, fault.retry === 'now' ? 0 : Math.round(backoff), { crashed, waited: isAway(fault) })
  return 'retry'
}

function asFault(error: unknown): Fault {
  return error instanceof Fault ? error : new Fault('model_error', { retry: 'later', cause: error })
}

/** A device that does not start, a store, a signer or a database that is away, a log that stands still: they say nothing about the task. */
function isAway({ code, facts }: Fault): boolean {
  if (code === 'object_store_failed' || code === 'signer_failed') return facts.away === true
  return code === 'inference_down' || code === 'database_failed' || code === 'log_behind'
}

async function giveBack(ground: Ground, claim: Claim, delayMs: number, counted: Counted = {}): Promise<void> {
  const due = await retryTask(ground.database.sql, claim, delayMs, counted)
  if (due !== null) ground.bell.ring([due])
}

/** Fails the subject for good. If it moved on meanwhile, only the task goes. */
async function giveUp(ground: Ground, claim: Claim, reason: Failure): Promise<void> {
  const requestId = await requestOf(ground, claim)
  await ground.database.transact(async (tx) => {
    await lockRequest(tx, requestId)
    await completeTask(tx, claim)
    if (isRequestStage(claim.stage)) await failRequest(tx, requestId, reason)
    else await failImage(tx, claim.subjectId, reason)
  })
  ground.bell.tell(requestTopic(requestId), { failure: reason })
  ground.bell.tell(WEBHOOK_TOPIC, {})
}

async function requestOf(ground: Ground, claim: Claim): Promise<string> {
  if (isRequestStage(claim.stage)) return claim.subjectId
  const image = await ground.database.sql
    .selectFrom('darkroom.image')
    .select('request_id')
    .where('id', '=', claim.subjectId)
    .executeTakeFirstOrThrow()
  return image.request_id
}

function isRequestStage(stage: Stage): boolean {
  return stage === 'generate'
}
