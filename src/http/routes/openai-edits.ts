// POST /v1/images/edits as OpenAI's SDK sends it: a multipart form with a picture, perhaps a mask, and the fields of a generation. Text
// is read as the types of those fields and then held against the same schema; from admission on the answer is a generation's.
import multipart from '@fastify/multipart'
import { type Static, Type } from '@fastify/type-provider-typebox'
import { Compile } from 'typebox/compile'
import { admitEdit } from '../../admit/edit.ts'
import type { InputTools } from '../../admit/inputs.ts'
import { getGeneration } from '../../admit/records.ts'
import { Fault } from '../../kernel/fault.ts'
import { judgeImage } from '../../moderate/verdict.ts'
import { policyOf } from '../../policy/settings.ts'
import type { Caller } from '../../tenant/caller.ts'
import { callerOf } from '../access.ts'
import type { App } from '../app.ts'
import type { RouteDeps } from '../deps.ts'
import { type Form, type FormLimits, formBytes, readForm } from '../forms.ts'
import { answerAdmitted } from '../openai-admitted.ts'
import { imageTokens } from '../openai-answers.ts'
import { askedOf, foreignFields, openaiFields, openaiOrderOf } from '../openai-orders.ts'
import { OpenaiImagesSchema, openaiErrors } from '../openai-schemas.ts'
import { openShares } from '../shares.ts'
import { optional, strict, validationFault } from '../validation.ts'

const IMAGES = 16
const FIELDS = 40
/** A character of the prompt has at most four bytes. */
const CHARACTER_BYTES = 4

const { moderation: _, ...fields } = openaiFields
const EditFields = Type.Object(
  {
    ...fields,
    ...foreignFields,
    input_fidelity: optional(
      Type.Enum(['low', 'high'], {
        description:
          '`low` unless said: without a mask strength 0.75, with one everything it frees. `high`: 0.45, and 0.75.',
      }),
    ),
  },
  strict,
)
type EditFields = Static<typeof EditFields>
const editFields = Compile(EditFields)

const File = Type.String({ format: 'binary' })
const NewEdit = Type.Object(
  {
    ...EditFields.properties,
    image: Type.Union([File, Type.Array(File)], {
      description:
        'png, jpeg or webp; `image[]` too. Turned upright, scaled to fill the size and cropped around its centre; `size: auto` takes the model’s size that is nearest. The models here edit one picture at a time.',
    }),
    mask: Type.Optional(
      Type.String({
        format: 'binary',
        description: 'A png of the image’s size; where it is transparent the image is edited.',
      }),
    ),
  },
  strict,
)

export async function openaiEditRoutes(app: App, deps: RouteDeps): Promise<void> {
  const { ground, admission } = deps
  const { limits, edits } = ground.config
  const bounds: FormLimits = {
    fileBytes: limits.uploadBytes,
    filesBytes: 2 * limits.uploadBytes,
    files: IMAGES + 1,
    fields: FIELDS,
    fieldBytes: limits.promptCharacters * CHARACTER_BYTES,
  }
  const toolsOf = (caller: Caller): InputTools => ({
    examine: deps.examineUpload,
    findMarks: deps.findMarks,
    judge: (scores, context) => judgeImage(policyOf(admission.policy, caller.policy), scores, context),
  })
  const takePlace = openShares(edits.uploadsAtOnce)
  await app.register(multipart)
  app.post(
    '/v1/images/edits',
    {
      config: { access: ['client'], dialect: 'openai', limit: 'generations' },
      bodyLimit: formBytes(bounds),
      // The schema describes the form; what it holds is checked when it has been read.
      validatorCompiler: () => () => true,
      schema: {
        tags: ['openai'],
        summary: 'Edit a picture and wait for the result',
        description:
          'With `stream`, server-sent events: image_edit.partial_image and image_edit.completed, or error. What is handed in is looked at by the policy before anything is drawn, and its marks are kept in what is made of it.',
        consumes: ['multipart/form-data'],
        body: NewEdit,
        response: { 200: OpenaiImagesSchema, ...openaiErrors(400, 401, 403, 404, 409, 413, 415, 429, 500, 503, 504) },
      },
    },
    async (request, reply) => {
      const caller = callerOf(request)
      // Each holds a file and its decoded picture, so there is a bound.
      const leave = takePlace(caller.tenantId)
      let admitted: Awaited<ReturnType<typeof admitEdit>>
      let body: EditFields
      try {
        const form = await readForm(request, bounds)
        body = fieldsOf(form)
        const order = openaiOrderOf(body, ground.config.defaultModel)
        const edit = { ...filesOf(form), strength: null, fidelity: body.input_fidelity ?? 'low' } as const
        const key = request.headers['idempotency-key']
        const named = typeof key === 'string' ? key : null
        admitted = await admitEdit(ground, admission, caller, order, { edit, tools: toolsOf(caller) }, named)
      } finally {
        leave()
      }
      // Whatever fails from here must not make a client ask again.
      reply.header('x-should-retry', 'false')
      if (admitted.replayed) reply.header('idempotency-replayed', 'true')
      const { request: row } = await getGeneration(ground.database.sql, caller.tenantId, admitted.requestId)
      return answerAdmitted(deps, request, reply, admitted, askedOf(body, 'image_edit', imageTokens(row)))
    },
  )
}

const FILE_FIELDS = ['image', 'image[]', 'mask', 'markup']
const WHOLE = /^-?\d{1,15}$/

/** The text fields in their types. Fault: invalid_request (field). */
function fieldsOf({ fields }: Form): EditFields {
  const body: Record<string, unknown> = {}
  for (const [name, text] of fields) {
    if (FILE_FIELDS.includes(name)) throw invalid(name, `${name} must be a file, not text`)
    body[name.replace(/\[.*$/s, '')] = name === 'prompt' ? text : typed(name, text)
  }
  if (editFields.Check(body)) return body
  throw validationFault(editFields.Errors(body), 'form')
}

/** A form has nothing but text: what the field's type has another reading for is read so. */
function typed(name: string, text: string): unknown {
  if (text === 'null') return null
  if (name.startsWith('svg[')) return {}
  switch (name) {
    case 'stream':
      return text === 'true' ? true : text === 'false' ? false : text
    case 'n':
    case 'output_compression':
    case 'partial_images':
    case 'frame_count':
    case 'frame_duration_ms':
      return WHOLE.test(text) ? Number(text) : text
    default:
      return text
  }
}

function filesOf({ files }: Form) {
  const [mask, ...masks] = files.filter(({ field }) => field === 'mask')
  if (masks.length > 0) throw invalid('mask', 'mask is there twice')
  for (const { field } of files) {
    if (field === 'markup') throw invalid('markup', 'no model here reads a markup; send a mask')
    if (!FILE_FIELDS.includes(field))
      throw invalid(field.slice(0, 100), 'unknown field; send pictures as image and mask')
  }
  const images = files.filter(({ field }) => field !== 'mask').map(({ bytes }) => ({ field: 'image', bytes }))
  return { images, mask: mask ?? null }
}

function invalid(field: string, detail: string): Fault {
  return new Fault('invalid_request', { field, detail })
}
