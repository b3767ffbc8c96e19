// Findings and histories as compliance is answered, and what is asked for.
import { type TSchema, Type } from '@fastify/type-provider-typebox'
import type { Finding } from '../audit/find.ts'
import { LONGEST_KEY } from '../audit/find-keys.ts'
import type { History } from '../audit/history.ts'
import { ProvenanceSchema } from './provenance-schemas.ts'
import { strict } from './validation.ts'

const Nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()])
const Time = Type.String({ format: 'date-time' })
const Count = Type.Integer({ minimum: 0 })
const Id = Nullable(Type.String())

export const FindQuery = Type.Object(
  {
    q: Type.String({
      maxLength: LONGEST_KEY,
      description:
        'An id (img_, req_, sor_, apl_, rvw_), the number of a mark (decimal, 0x and hex, or epoch.hex), the id of a manifest, a SHA-256 of a file or of pixels, or an index of the log.',
    }),
  },
  strict,
)

const FindingSchema = Type.Unsafe<Finding>(
  Type.Object(
    {
      restricted: Type.Boolean({
        description: 'It belongs to a restricted case, and there is nothing more of it here.',
      }),
      found_by: Type.Array(
        Type.Object({
          by: Type.String(),
          sure: Type.Enum(['exact', 'high', 'medium', 'low']),
          shows: Type.String(),
          does_not_show: Nullable(Type.String()),
        }),
      ),
      request_id: Id,
      image_id: Id,
      tenant: Nullable(Type.Object({ id: Type.String(), name: Type.String() })),
      state: Nullable(
        Type.String({ description: 'Of the image, else of the request; `erased` once its content is gone.' }),
      ),
      erased_from: Nullable(Type.String({ description: 'The state that it was in when it was erased.' })),
      created_at: Nullable(Time),
      published_at: Nullable(Time),
      withdrawn_at: Nullable(Time),
      erased_at: Nullable(Time),
      log_index: Nullable(Count),
    },
    strict,
  ),
)

export const FindAnswer = Type.Object(
  {
    object: Type.Literal('audit_find'),
    findings: Type.Array(FindingSchema),
    nothing: Nullable(Type.String({ description: 'That nothing was found, and what that does not show.' })),
    verification: Type.Optional(ProvenanceSchema),
  },
  strict,
)

export const HistoryQuery = Type.Object(
  {
    after: Type.Optional(
      Type.String({ pattern: '^\\d{1,18}$', description: 'The `next` of the page before, which is digits.' }),
    ),
  },
  strict,
)

const Place = Type.Object({
  index: Nullable(Count),
  sequence: Type.String({ description: 'Among its tenant’s moves.' }),
  leaf_hash: Type.String({ description: 'Of the tenant’s chain: what the next move names as `previous`.' }),
  signed_in: Nullable(Type.Integer({ description: 'Size of the first signed tree that has it; null: it waits.' })),
})

const Policy = Type.Object({ id: Type.String(), version: Type.String(), digest: Type.String() })

export const HistorySchema = Type.Unsafe<{ object: 'audit_history' } & History>(
  Type.Object({
    object: Type.Literal('audit_history'),
    as_of: Time,
    request: Type.Object(
      { id: Type.String(), state: Type.String(), sandbox: Type.Boolean() },
      { additionalProperties: true },
    ),
    image_id: Id,
    images: Type.Array(
      Type.Object(
        { id: Type.String(), state: Type.String(), erased_at: Nullable(Time) },
        { additionalProperties: true, description: 'As it is now: digests, mark, manifest, verdict with its scores.' },
      ),
    ),
    statements: Type.Array(
      Type.Object({
        ...{ id: Type.String(), subject_id: Type.String(), at: Time, replaced_by: Id, restriction: Type.String() },
        clause: Nullable(Type.String({ description: 'Null: its owner took the picture back.' })),
        facts: Type.String({ description: 'In the policy’s own sentences.' }),
        decided_by: Type.String(),
        redress: Type.String({ description: 'full: an appeal was open to the person concerned.' }),
        appeal_until: Nullable(Time),
        policy: Policy,
      }),
    ),
    policies: Type.Array(Policy, { description: 'Those whose digests stand here, as far as the records know them.' }),
    moves: Type.Array(
      Type.Object({
        at: Time,
        kind: Type.String(),
        says: Type.String({ description: 'In words.' }),
        subject: Nullable(Type.Object({ type: Type.String(), id: Type.String() })),
        from: Id,
        to: Id,
        by: Nullable(
          Type.Object({
            who: Type.String({ description: 'gate: software, by the policy. service: software that keeps it going.' }),
            people: Type.Array(Type.String({ description: 'An id, which is a pseudonym.' })),
            key: Id,
            policy: Id,
          }),
        ),
        facts: Type.Array(Type.Object({ name: Type.String(), value: Type.String() })),
        given_at: Nullable(
          Type.String({
            format: 'date-time',
            description: 'Of a verdict; it counts from `at`, once it could be undone no more.',
          }),
        ),
        verdicts: Type.Array(
          Type.Object({ id: Type.String(), person: Type.String(), outcome: Type.String(), given_at: Time }),
          { description: 'Those that led to it. The log has them behind it: they are written in one transaction.' },
        ),
        place: Place,
      }),
    ),
    next: Nullable(Type.String()),
  }),
)

export const IndexParams = Type.Object(
  { index: Type.String({ pattern: '^(0|[1-9]\\d{0,15})$', description: 'A number of the log, from 0.' }) },
  strict,
)
