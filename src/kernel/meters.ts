// What this process has done, for Prometheus. One registry a process, whatever roles run in it; what the records know is in
// gauges.ts. Labels are few and bounded: stages, results, models, routes; never ids or tenants.
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

export const meters = new Registry()
collectDefaultMetrics({ register: meters })
const registers = [meters]
const counter = <Label extends string>(name: string, help: string, ...labelNames: Label[]) =>
  new Counter({ name, help, labelNames, registers })

export const httpSeconds = new Histogram({
  name: 'darkroom_http_request_duration_seconds',
  help: 'Time from the first byte of a request to the end of its answer.',
  labelNames: ['method', 'route', 'status'] as const,
  buckets: [0.005, 0.02, 0.1, 0.5, 1, 2.5, 5, 10, 30, 120],
  registers,
})

/** Seconds a stage had a task in its hands, by how that ended. */
export const stageSeconds = new Histogram({
  name: 'darkroom_stage_duration_seconds',
  help: 'Time from claiming a task to giving it up, by stage and result: done, retry, failed, cancelled, lost.',
  labelNames: ['stage', 'result'] as const,
  buckets: [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300],
  registers,
})

/** Seconds from a task's being due to its claim: the queue as a picture sees it. */
export const waitSeconds = new Histogram({
  name: 'darkroom_task_wait_seconds',
  help: 'Time from a task being due to being claimed, by stage. For generate it is the fair backlog.',
  labelNames: ['stage'] as const,
  buckets: [0.01, 0.05, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800],
  registers,
})

export const stageFaults = counter(
  'darkroom_stage_faults_total',
  'Faults of stages by code, those that were retried included.',
  'stage',
  'code',
)

export const packsSetAside = counter(
  'darkroom_packs_set_aside_total',
  'Times that a model kept ending its process, and was not asked any more for a while.',
)

export const lostRings = counter(
  'darkroom_rings_lost_total',
  'Rings and messages that the doorbell did not take; the sweeper rings again.',
)

export const sweptTasks = counter(
  'darkroom_tasks_swept_total',
  'Due tasks that nobody held and that the sweeper rang for again.',
)

export const stampResults = counter(
  'darkroom_timestamps_total',
  'Signatures that were to be dated, by result: stamped, or why they were not (timeout, unreachable, refused).',
  'result',
)

/**
 * `lapsed`: as released, its certificate over; `moved_on`: withdrawn or erased meanwhile; `log_mismatch`: as released, and the log says
 * otherwise. The last three say nothing of a picture.
 */
const RECHECK_RESULTS = [
  'ok',
  'lapsed',
  'moved_on',
  'mismatch',
  'missing',
  'log_mismatch',
  'log_waits',
  'log_unreachable',
  'unreachable',
] as const
export type RecheckResult = (typeof RECHECK_RESULTS)[number]

export const recheckResults = counter(
  'darkroom_recheck_total',
  `Released pictures that were looked at again, by result: ${RECHECK_RESULTS.join(', ')}.`,
  'result',
)
// The first mismatch must be seen as a rise.
for (const result of RECHECK_RESULTS) recheckResults.inc({ result }, 0)

export const witnessResults = counter(
  'darkroom_log_witness_total',
  'Questions to witnesses of the log, by witness and result: cosigned, overtaken, timeout, unreachable, refused, wrong_answer, split_view.',
  'witness',
  'result',
)

export const checkpointStampResults = counter(
  'darkroom_log_timestamps_total',
  'Checkpoints of the log that were to be dated, by result: stamped, timeout, unreachable, refused, wrong_answer.',
  'result',
)

const signerEnds = new Map<string, Date>()

/** From now on the meter below tells how long the certificates of that kind of signer still hold. */
export function tellSignerExpiry(signer: string, end: Date): void {
  signerEnds.set(signer, end)
}

new Gauge({
  name: 'darkroom_signer_certificate_expires_seconds',
  help: "Time until the first certificate of the signer's chain is over; negative after that.",
  labelNames: ['signer'] as const,
  registers,
  collect() {
    for (const [signer, end] of signerEnds) this.set({ signer }, (end.getTime() - Date.now()) / 1000)
  },
})
