// What is answered about one person of a tenant: everything that is stored about them, and what is left out.
import { type Static, Type } from '@fastify/type-provider-typebox'
import type { PersonData } from '../tenant/person-data.ts'
import { KeySchema, keyResource, PersonSchema, personResource } from './admin-schemas.ts'

const Time = Type.String({ format: 'date-time' })
const Nullable = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) => Type.Union([schema, Type.Null()])
const Names = Nullable(Type.Array(Type.String()))
const counted = (description: string) =>
  Type.Array(
    Type.Object({
      month: Type.String({ pattern: '^\\d{4}-\\d{2}$', description: 'In UTC.' }),
      what: Type.String(),
      count: Type.Integer(),
    }),
    { description },
  )

export const PersonDataSchema = Type.Object({
  object: Type.Literal('person_data'),
  read_at: Time,
  person: PersonSchema,
  keys: Type.Array(KeySchema, { description: 'Ended ones too. Of a key itself only its hash is stored.' }),
  sessions: Type.Array(Type.Object({ key_id: Nullable(Type.String()), last_seen_at: Time, expires_at: Time })),
  review: Type.Object({
    settings: Nullable(
      Type.Object({
        categories: Names,
        languages: Names,
        tenants: Names,
        conflicts: Type.Array(Type.String()),
        max_severity: Type.Integer(),
        restricted: Type.Boolean(),
        lead_id: Nullable(Type.String()),
        away_until: Nullable(Time),
      }),
    ),
    shift: Nullable(
      Type.Object({
        work_since: Nullable(Time),
        acted_at: Nullable(Time),
        break_from: Nullable(Time),
        break_until: Nullable(Time),
        grey: Type.Boolean(),
        size: Type.Enum(['s', 'm', 'l']),
        blur_again_seconds: Nullable(Type.Integer()),
      }),
    ),
    skips: Type.Integer({ description: 'How many they have chosen or passed.' }),
    handovers: Type.Array(Type.Object({ note: Type.String(), items: Type.Integer(), at: Time })),
  }),
  acts: counted('What they did. What each act was about is the case’s, and is not here.'),
  exposure: counted('What they were shown beyond blurred pictures.'),
  not_included: Type.Array(Type.Object({ what: Type.String(), why: Type.String() })),
})

/** The same in every answer. */
const NOT_INCLUDED: Static<typeof PersonDataSchema>['not_included'] = [
  {
    what: 'Which cases they looked at, what they decided in each, and what they noted on them.',
    why: 'It is about the people of the case, too, and some cases may be told to nobody. Here it is counted.',
  },
  {
    what: 'Of which categories they asked to be spared.',
    why: 'Nobody else is shown that. They read it themselves: GET /v1/review/shift.',
  },
  {
    what: 'The log’s records of what they did.',
    why: 'Those have their id and no name, are kept for good, and can be exported by compliance.',
  },
  {
    what: 'Devices, addresses and browsers.',
    why: 'None are stored.',
  },
]

export function personDataResource(data: PersonData): Static<typeof PersonDataSchema> {
  const { person, keys, sessions, acts, exposure } = data
  return {
    object: 'person_data',
    read_at: new Date().toISOString(),
    person: personResource(person),
    keys: keys.map(keyResource),
    sessions: sessions.map(({ key_id, last_seen_at, expires_at }) => ({
      key_id,
      last_seen_at: last_seen_at.toISOString(),
      expires_at: expires_at.toISOString(),
    })),
    review: reviewOf(data),
    acts: [...acts],
    exposure: [...exposure],
    not_included: NOT_INCLUDED,
  }
}

function reviewOf({ reviewer, shift, skips, handovers }: PersonData): Static<typeof PersonDataSchema>['review'] {
  return {
    settings: reviewer === null ? null : settingsOf(reviewer),
    shift: shift === null ? null : shiftOf(shift),
    skips,
    handovers: handovers.map(({ note, items, at }) => ({ note, items, at: at.toISOString() })),
  }
}

function settingsOf({ person_id, away_until, ...settings }: NonNullable<PersonData['reviewer']>) {
  return { ...settings, away_until: away_until?.toISOString() ?? null }
}

function shiftOf({ grey, size, blur_again_seconds, ...times }: NonNullable<PersonData['shift']>) {
  const { work_since, acted_at, break_from, break_until } = times
  const textOf = (time: Date | null) => time?.toISOString() ?? null
  return {
    work_since: textOf(work_since),
    acted_at: textOf(acted_at),
    break_from: textOf(break_from),
    break_until: textOf(break_until),
    ...{ grey, size, blur_again_seconds },
  }
}
