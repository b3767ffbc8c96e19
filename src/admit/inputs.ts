// What an edit starts from: uploads fitted to the size that is drawn and looked at by the model's classifiers. input-store.ts keeps
// them, generate/start.ts reads them.
//
// An upload that the policy denies, or would have a person look at, is refused with a statement: nobody can look at it before it
// is drawn from. Where the model has no classifier the upload goes on, and every picture made of it is held for a person.
import { Fault } from '../kernel/fault.ts'
import type { Operation, Picture, Size } from '../kernel/model.ts'
import type { PolicyRef } from '../policy/policy.ts'
import type { Band } from '../statement/statement.ts'
import type { Recipe } from './order.ts'
import {
  fitImage,
  fitMask,
  type Inspected,
  imagePng,
  inspectUpload,
  maskPng,
  nearestSize,
  type Upload,
  type UploadLimits,
} from './uploads.ts'

export type Edit = {
  images: readonly Upload[]
  mask: Upload | null
  /** (0, 1]; null: as `fidelity` says. */
  strength: number | null
  /** `high` stays nearer to the picture. */
  fidelity: 'low' | 'high'
}

type ClassifierRef = { id: string; version: string; digest: string }
type Opinion = { id: string; categories: Record<string, number> } | { id: string; silent: 'missing' | 'failed' }
export type UploadScores = {
  categories: Record<string, number>
  classifiers: ClassifierRef[]
  opinions: Opinion[]
} | null

/** A verdict of the policy on a picture, as far as an upload needs it. */
export type UploadVerdict = {
  readonly verdict: 'allow' | 'hold' | 'deny'
  readonly clause: string | null
  readonly category: string | null
  readonly categories: readonly string[]
  readonly band: Band
  readonly reason: string
  readonly classifiers: readonly ClassifierRef[]
  readonly policy: PolicyRef
}
export type UploadContext = { tenant: string; purpose?: string; contexts: readonly string[] }

/** What a file says of its origin; see mark/verify.ts. */
export type FoundMarks = {
  verdict: string
  manifest: { found: boolean; state: string | null; problems: readonly string[] }
  watermark: { found: boolean; confidence: string; read: boolean }
  record: { image_id: string } | null
}

/** Other stages' work, as functions. */
export type InputTools = {
  /** Faults: busy, inference_down. */
  readonly examine: (picture: Picture, modelId: string) => Promise<UploadScores>
  readonly judge: (scores: UploadScores, context: UploadContext) => UploadVerdict
  readonly findMarks: (bytes: Buffer) => Promise<FoundMarks>
}

export type UploadRefusal = Omit<UploadVerdict, 'verdict' | 'clause' | 'category'> & {
  readonly verdict: 'refuse'
  readonly input: 'image'
  readonly clause: string
  readonly category: string
}

/** Everything decided of what an edit starts from. */
export type PreparedEdit = {
  operation: 'edit' | 'inpaint'
  strength: number
  size: Size
  image: { source: Inspected; picture: Picture; png: Buffer }
  mask: Buffer | null
}

/** Null: nothing was given to start from. */
export function operationOf(given: { edit: Edit } | null): Operation {
  if (given === null) return 'generate'
  return given.edit.mask === null ? 'edit' : 'inpaint'
}

const STRENGTH = { edit: { low: 0.75, high: 0.45 }, inpaint: { low: 1, high: 0.75 } } as const

/** Checks and fits the uploads; `auto` is the model's size that is nearest to the image. Faults: invalid_request, too_large (field). */
export async function prepareEdit(
  edit: Edit,
  { card, size, steps }: Pick<Recipe, 'card' | 'size' | 'steps'>,
  wanted: string | undefined,
  limits: UploadLimits,
): Promise<PreparedEdit> {
  const [first, ...more] = edit.images
  if (first === undefined) throw invalid('image', 'image is required: a png, jpeg or webp file')
  if (more.length > 0)
    throw invalid(first.field, `model ${card.id} edits 1 image at a time; ${edit.images.length} were sent`)
  const operation = edit.mask === null ? 'edit' : 'inpaint'
  const strength = strengthOf(edit.strength ?? STRENGTH[operation][edit.fidelity], steps)
  const source = await inspectUpload(first, limits)
  const mask = edit.mask === null ? null : await inspectUpload(edit.mask, limits)
  const fitted = wanted === undefined || wanted === 'auto' ? nearestSize(card.sizes.supported, source) : size
  const painted = mask === null ? null : await fitMask(mask, source, fitted)
  const picture = await fitImage(source, fitted)
  return {
    operation,
    strength,
    size: fitted,
    image: { source, picture, png: await imagePng(picture) },
    mask: painted === null ? null : await maskPng(painted, fitted),
  }
}

/** Null: it may be drawn from. Faults: as `examine`; model_error when its scores cannot be judged. */
export async function screenInput(
  prepared: PreparedEdit,
  modelId: string,
  tools: InputTools,
  context: UploadContext,
): Promise<UploadRefusal | null> {
  const scores = await tools.examine(prepared.image.picture, modelId)
  const judged = tools.judge(scores, context)
  if (judged.verdict === 'allow' || judged.reason === 'no_classifier') return null
  const { clause, category } = judged
  // Not a refusal: without a score there is no reason to state.
  if (clause === null || category === null)
    throw new Fault('model_error', { detail: 'the classifiers gave no usable score', facts: { reason: judged.reason } })
  return { ...judged, verdict: 'refuse', input: 'image', clause, category }
}

function strengthOf(strength: number, steps: number): number {
  if (!(strength > 0 && strength <= 1)) throw invalid('strength', 'strength is a number above 0 and at most 1')
  if (Math.floor(steps * strength) < 1)
    throw invalid('strength', `strength ${strength} leaves none of the ${steps} steps; give more of either`)
  return strength
}

function invalid(field: string, detail: string): Fault {
  return new Fault('invalid_request', { field, detail })
}
