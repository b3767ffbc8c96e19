// What clients read of a request, its images and its statements. One shape each, made from the records and nothing else.
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { sizeText } from '../admit/order.ts'
import type { Generation, ImageRow } from '../admit/records.ts'
import { FAILURES, type Failure, isSettled, isTerminal, outcomeOf } from '../journey.ts'
import type { Json } from '../kernel/canonical.ts'
import { samplingOf } from '../kernel/sampling.ts'
import type { Place } from '../schedule/position.ts'
import { appealPath, type Bearers } from '../statement/bearer.ts'
import { userNotice } from '../statement/outputs.ts'
import type { Statement } from '../statement/statement.ts'
import type { GenerationResource, ImageResource, StatementBrief } from './schemas.ts'

/** `place`: where it waits, when it does and somebody looked. */
export function generationResource(
  generation: Generation,
  bearers: Bearers,
  place: Place | null = null,
): GenerationResource {
  const { request, images, statements } = generation
  const settled = request.state === 'done' && images.every((image) => isSettled(image.state))
  return {
    id: request.id,
    object: 'generation',
    state: request.state,
    final: isTerminal('request', request.state),
    outcome: settled ? outcomeOf(images.map((image) => image.state)) : null,
    failure: failureOf(request.failure),
    model: request.model,
    model_version: request.model_version,
    size: sizeText(request),
    quality: request.quality,
    steps: request.steps,
    guidance_scale: request.guidance_scale,
    scheduler: request.scheduler,
    sampling: request.sampling === null ? null : samplingOf(request.sampling),
    seed: Number(request.seed),
    n: request.n,
    output_format: request.output_format,
    output_compression: request.output_compression,
    label: request.label,
    purpose: request.purpose,
    prompt_truncated: request.prompt_truncated,
    progress: isTerminal('request', request.state)
      ? null
      : {
          step: request.steps_done,
          steps: request.steps,
          position: place?.position ?? null,
          ahead: place?.ahead ?? null,
          eta_seconds: place?.etaSeconds ?? null,
        },
    statement: briefOf(bearers, statements, request.statement_id),
    images: images.map((image) => imageResource(generation, image, bearers)),
    sandbox: request.sandbox !== null,
    created_at: request.created_at.toISOString(),
    updated_at: request.updated_at.toISOString(),
  }
}

export function imageResource({ request, statements }: Generation, image: ImageRow, bearers: Bearers): ImageResource {
  const released = image.state === 'published' && image.erased_at === null
  return {
    id: image.id,
    object: 'image',
    request_id: image.request_id,
    state: image.state,
    seed: Number(image.seed),
    failure: failureOf(image.failure),
    statement: briefOf(bearers, statements, image.statement_id),
    url: released ? `/v1/images/${image.id}/content` : null,
    manifest_url: released ? `/v1/images/${image.id}/manifest` : null,
    width: request.width,
    height: request.height,
    format: request.output_format,
    provenance: released ? provenanceOf(image) : null,
    recipe: isObject(image.recipe) ? image.recipe : null,
    created_at: image.created_at.toISOString(),
  }
}

function statementBrief(bearers: Bearers, statement: Statement): StatementBrief {
  return {
    id: statement.id,
    stage: statement.stage,
    category: statement.category,
    categories: [...statement.categories],
    notice: userNotice(statement).sentences.join(' '),
    url: `/v1/statements/${statement.id}`,
    appeal_url: appealPath(bearers, statement),
  }
}

function briefOf(
  bearers: Bearers,
  statements: ReadonlyMap<string, Statement>,
  id: string | null,
): StatementBrief | null {
  const statement = id === null ? undefined : statements.get(id)
  return statement === undefined ? null : statementBrief(bearers, statement)
}

/** What mark/stage.ts keeps of a marking, as far as it is shown. */
const MarkedRecord = Type.Object({
  digests: Type.Object({ file: Type.String(), manifest: Type.String(), pixels: Type.String() }),
  validationState: Type.String(),
  watermark: Type.Object({ psnrDb: Type.Number(), confidence: Type.Number() }),
  /** What was marked before there were labels says nothing of one. */
  label: Type.Optional(Type.Union([Type.String(), Type.Null()])),
})

function provenanceOf({ manifest_id, marked }: ImageRow): ImageResource['provenance'] {
  if (manifest_id === null || !Value.Check(MarkedRecord, marked)) return null
  const { digests, validationState, watermark, label = null } = marked
  return {
    manifest_id,
    validation_state: validationState,
    watermark: { psnr_db: watermark.psnrDb, confidence: bandOf(watermark.confidence) },
    digests: { file: digests.file, manifest: digests.manifest, pixels: digests.pixels },
    label,
  }
}

function bandOf(confidence: number): 'high' | 'medium' | 'low' {
  return confidence >= 0.95 ? 'high' : confidence >= 0.85 ? 'medium' : 'low'
}

function isObject(value: Json | null): value is { [name: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function failureOf(text: string | null): Failure | null {
  return FAILURES.find((one) => one === text) ?? null
}
