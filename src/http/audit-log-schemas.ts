// The shape of how the log does, as it is answered.
import { type Static, Type } from '@fastify/type-provider-typebox'
import type { DatedHealth, LogHealth, WitnessHealth } from '../audit/health.ts'
import { problemsOf } from '../audit/health-problems.ts'

const Nullable = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) => Type.Union([schema, Type.Null()])
const Time = Type.String({ format: 'date-time' })
const Count = Type.Integer({ minimum: 0 })
const Seconds = Type.Number({ minimum: 0 })
const Failure = Nullable(Type.String({ description: 'Why the last question came to nothing; null: it did not.' }))

export const LogHealthSchema = Type.Object({
  object: Type.Literal('log_health'),
  at: Time,
  problems: Type.Array(
    Type.Object({
      alert: Type.String(),
      summary: Type.String(),
      action: Type.String(),
    }),
    { description: 'What is not well, by the name of its alert. Empty: nothing that is looked at.' },
  ),
  origin: Type.String({ description: 'The log’s name.' }),
  key: Type.String({ description: 'Its verifier key, as /log/key answers it.' }),
  key_sha256: Type.String({ description: 'Of what /log/key answers, its newline included.' }),
  tree: Type.Object({
    size: Count,
    root: Type.String({ description: 'As in the checkpoint, base64.' }),
    at: Nullable(Type.String({ format: 'date-time', description: 'When the newest checkpoint was signed.' })),
    rounds: Type.Integer({ minimum: 0, description: 'Checkpoints that were signed so far.' }),
  }),
  unsigned: Type.Object({
    moves: Type.Integer({ minimum: 0, description: 'Such as are in no signed tree yet.' }),
    oldest_seconds: Seconds,
  }),
  hours: Type.Array(Type.Object({ at: Time, leaves: Count }), {
    description: 'Leaves that were signed in each of the last 24 hours of the clock, this one included.',
  }),
  witnesses: Type.Array(
    Type.Object({
      name: Type.String(),
      key: Type.String(),
      size: Nullable(Type.Integer({ minimum: 0, description: 'Of the newest tree that it cosigned.' })),
      at: Nullable(Time),
      behind: Type.Integer({ minimum: 0, description: 'Leaves that it has not cosigned.' }),
      behind_since: Nullable(Time),
      failure: Failure,
    }),
  ),
  timestamps: Nullable(
    Type.Object({
      authority: Type.String({ description: 'The host of the authority on time.' }),
      size: Nullable(Type.Integer({ minimum: 0, description: 'Of the newest tree that is dated.' })),
      at: Nullable(Type.String({ format: 'date-time', description: 'When that tree was signed.' })),
      dated_at: Nullable(Type.String({ format: 'date-time', description: 'The time in the authority’s token.' })),
      behind_since: Nullable(Time),
      failure: Failure,
    }),
  ),
  store: Type.Object({
    kind: Type.Enum(['s3', 'files']),
    object_lock_days: Nullable(
      Type.Integer({ minimum: 1, description: 'How long Object Lock holds what is written; null: nothing holds it.' }),
    ),
  }),
  images_waiting: Type.Integer({ minimum: 0, description: 'Marked pictures that are not released yet.' }),
  exports_failed: Type.Array(Type.Object({ failure: Type.String(), count: Count }), {
    description: 'Exports that were given up and are still there.',
  }),
  recheck: Type.Object({
    per_hour: Count,
    at: Nullable(Type.String({ format: 'date-time', description: 'When a released picture was looked at last.' })),
    result: Nullable(Type.String({ description: 'As darkroom_recheck_total has it.' })),
    found: Type.Array(Type.Object({ result: Type.String(), count: Count }), {
      description: 'Findings of the last day.',
    }),
  }),
})
type LogHealthResource = Static<typeof LogHealthSchema>

export function logHealthResource(health: LogHealth): LogHealthResource {
  const { at, origin, key, tree, unsigned, hours, witnesses, timestamps, store, recheck } = health
  return {
    object: 'log_health',
    at: at.toISOString(),
    problems: problemsOf(health),
    origin,
    key,
    key_sha256: health.keySha256,
    tree: { ...tree, at: iso(tree.at) },
    unsigned: { moves: unsigned.moves, oldest_seconds: unsigned.oldestSeconds },
    hours: hours.map((hour) => ({ ...hour, at: hour.at.toISOString() })),
    witnesses: witnesses.map(witnessOf),
    timestamps: timestamps === null ? null : datedOf(timestamps),
    store: { kind: store.kind, object_lock_days: store.lockDays },
    images_waiting: health.waitingImages,
    exports_failed: [...health.failedExports],
    recheck: { per_hour: recheck.perHour, at: iso(recheck.at), result: recheck.result, found: [...recheck.found] },
  }
}

function witnessOf({ behindSince, at, ...witness }: WitnessHealth) {
  return { ...witness, at: iso(at), behind_since: iso(behindSince) }
}

function datedOf({ behindSince, datedAt, at, ...dated }: DatedHealth) {
  return { ...dated, at: iso(at), dated_at: iso(datedAt), behind_since: iso(behindSince) }
}

function iso(moment: Date | null): string | null {
  return moment?.toISOString() ?? null
}
