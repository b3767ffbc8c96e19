// The shapes of a reviewer's own day and of what helps them judge: routes/review-shift.ts and routes/review-aids.ts.
import { type Static, Type } from '@fastify/type-provider-typebox'
import type { Preview } from '../appeal/preview.ts'
import type { Shift } from '../review/shift.ts'
import type { Translator } from '../review/translate.ts'
import { LaneSchema } from './review-schemas.ts'
import { strict } from './validation.ts'

const Nullable = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) => Type.Union([schema, Type.Null()])
const Time = Type.String({ format: 'date-time' })
const Count = Type.Integer({ minimum: 0 })
const Used = Type.Object({ used: Count, cap: Nullable(Count) }, { description: 'Within 24 hours; null: no limit.' })

const preferenceFields = {
  grey: Type.Boolean({ description: 'Pictures without colour first.' }),
  size: Type.Enum(['s', 'm', 'l']),
  blur_again_seconds: Nullable(
    Type.Integer({ minimum: 1, maximum: 3600, description: 'What was uncovered is blurred again after this.' }),
  ),
}
export const PreferencesBody = Type.Object(preferenceFields, strict)

export const ShiftSchema = Type.Object({
  object: Type.Literal('review_shift'),
  decided_today: Type.Integer({ minimum: 0, description: 'Verdicts of this day of UTC that stand.' }),
  reveals: Used,
  break: Type.Object({
    state: Type.Enum(['none', 'due', 'required', 'on_break'], {
      description: '`required` and `on_break`: nothing is handed out.',
    }),
    since: Nullable(Type.String({ format: 'date-time', description: 'When the work began that has had no break.' })),
    due_at: Nullable(Time),
    until: Nullable(Type.String({ format: 'date-time', description: 'When the break is over, or would be.' })),
  }),
  passes: Used,
  skips: Type.Array(
    Type.Object({ category: Nullable(Type.String()), category_name: Nullable(Type.String()), until: Time }),
    { description: 'What you are given nothing of. Null: the category of an item that you passed.' },
  ),
  categories: Type.Array(Type.Object({ id: Type.String(), name: Type.String() }), {
    description: 'Of the policy, to choose skips from.',
  }),
  preferences: Type.Object(preferenceFields),
  translation: Type.Object({
    available: Type.Boolean(),
    to: Nullable(Type.Array(Type.String(), { description: 'Languages.' })),
  }),
  handovers: Type.Array(
    Type.Object({
      id: Type.String(),
      from: Type.Enum(['you', 'a colleague']),
      note: Type.String(),
      at: Time,
      items: Type.Integer({ minimum: 0, description: 'Given back with it.' }),
    }),
    { description: 'What was left lately, newest first.' },
  ),
})

export function shiftResource(shift: Shift, translator: Translator | null): Static<typeof ShiftSchema> {
  const translation = { available: translator !== null, to: translator === null ? null : [...translator.to] }
  return { object: 'review_shift', ...shift, translation }
}

const Sentences = Type.Array(Type.String())
export const PreviewSchema = Type.Unsafe<Preview>(
  Type.Union([
    Type.Object(
      { kind: Type.Literal('statement'), title: Type.String(), sentences: Sentences },
      { description: 'What the person concerned would read. What is withheld from you stands as dots.' },
    ),
    Type.Object(
      {
        kind: Type.Literal('answer'),
        text: Type.String(),
        final: Type.Boolean({
          description:
            'With the verdicts that count by now this one decides the appeal. A prompt that is admitted anew is screened by the other rules; where one of them refuses it, the answer says so instead.',
        }),
        more: Type.Integer({
          minimum: 0,
          description: 'People still needed; the text is what is answered if they find the same.',
        }),
      },
      { description: 'The answer to the appeal.' },
    ),
    Type.Object(
      { kind: Type.Literal('none'), sentences: Sentences },
      { description: 'Nobody is written to: what follows.' },
    ),
  ]),
)

export const TranslatedSchema = Type.Object({
  from: Nullable(Type.String({ description: 'The language that was found.' })),
  to: Type.String(),
  text: Nullable(Type.String()),
  negative: Nullable(Type.String()),
})

export const MinePage = Type.Object({
  object: Type.Literal('list'),
  data: Type.Array(
    Type.Object({
      item_id: Type.String(),
      lane: LaneSchema,
      outcome: Type.String(),
      clause: Nullable(Type.String()),
      rule: Nullable(Type.String()),
      reason: Nullable(Type.String()),
      note: Nullable(Type.String()),
      at: Time,
      effect_at: Nullable(Time),
      undoable: Type.Boolean(),
      ruling: Nullable(Type.String({ description: 'How the item was decided, once it is closed.' })),
    }),
  ),
  has_more: Type.Boolean(),
  next: Nullable(Type.String({ description: 'Pass it as `after` for the next page.' })),
})
