// The mark stage: a cleared image is encoded, watermarked, signed and read back; only what reads back as this very image moves to
// `marked`, with the digest of its file. Next: publish/release.ts.
import { asJson } from '../kernel/canonical.ts'
import type { Config } from '../kernel/config.ts'
import type { Ground } from '../kernel/ground.ts'
import { claimImage, moveStored } from '../kernel/image-work.ts'
import type { Operation } from '../kernel/model.ts'
import { markedKey, readGenerated } from '../kernel/quarantine.ts'
import type { Claim } from '../kernel/tasks.ts'
import { SYSTEM } from '../kernel/version.ts'
import { finishStage } from '../outcome.ts'
import { type DisclosureSettings, verifyUrlAt } from './disclosure.ts'
import type { LabelStyle } from './label/label.ts'
import type { Parent } from './manifest.ts'
import { type Marked, type MarkTools, markImage } from './mark.ts'

export async function markStage(ground: Ground, tools: MarkTools, claim: Claim): Promise<void> {
  const image = await claimImage(ground, claim, 'cleared')
  if (image === null) return
  const order = {
    imageId: image.id,
    markId: Number(image.mark_id),
    picture: await readGenerated(ground.quarantine, image.id, image.generated_digest),
    outputFormat: image.output_format,
    compression: image.output_compression,
    system: SYSTEM,
    model: { id: image.model, version: image.model_version },
    createdAt: image.created_at,
    parent: await loadParent(ground, image.request_id, image.operation),
    disclosure: disclosureSettings(ground.config),
    label: labelStyle(ground.config, image.label),
  }
  const marked = await markImage(order, tools)
  if (marked.timestamp !== null && 'missing' in marked.timestamp)
    ground.log.warn(
      { image: image.id, ...marked.timestamp },
      'an image goes on without the timestamp that is preferred',
    )
  if (tools.trustmark && marked.trustmark === null)
    ground.log.warn({ image: image.id }, 'an image goes on without TrustMark, which its file does not carry')
  const key = markedKey(image.id, marked.digests.file)
  await ground.quarantine.putIfAbsent(key, { bytes: marked.bytes, contentType: marked.mimeType })
  const record = asJson(recordOf(marked))
  await moveStored(ground, image.id, [ground.quarantine, key], () =>
    finishStage(ground, claim, image, {
      to: 'marked',
      facts: { record, manifest: marked.manifestId },
      set: {
        marked: JSON.stringify(record),
        manifest_id: marked.manifestId,
        fingerprint: marked.fingerprint.hex,
        fingerprint_weak: marked.fingerprint.weak,
      },
    }),
  )
}

/** Null: no label. What was asked for before every picture had to carry one carries it too. */
export function labelStyle({ label }: Config, asked: boolean): LabelStyle | null {
  return asked || label.policy === 'always' ? label : null
}

export function disclosureSettings({ disclosure, publicUrl }: Config): DisclosureSettings {
  return { ...disclosure, verifyUrl: verifyUrlAt(publicUrl) }
}

/** What an edit was made from. Faults: object_missing, object_store_failed. */
export async function loadParent(ground: Ground, requestId: string, operation: Operation): Promise<Parent | null> {
  if (operation === 'generate') return null
  const input = await ground.database.sql
    .selectFrom('darkroom.input')
    .select(['original_key', 'provenance'])
    .where('request_id', '=', requestId)
    .where('kind', '=', 'image')
    .executeTakeFirstOrThrow()
  const { provenance } = input
  const imageId =
    typeof provenance === 'object' && provenance !== null && 'image_id' in provenance ? provenance.image_id : null
  const original = input.original_key === null ? null : await ground.quarantine.get(input.original_key)
  return {
    imageId: typeof imageId === 'string' ? imageId : null,
    file: original === null ? null : { bytes: original.bytes, mimeType: original.contentType },
  }
}

/** What the record and the log keep of a marking; the mark's id has a column of its own. */
function recordOf(marked: Marked) {
  const { digests, mimeType, width, height, compression, watermark, validationState, label, timestamp, trustmark } =
    marked
  const { psnrDb, strength, confidence, epoch } = watermark
  return {
    digests,
    mimeType,
    width,
    height,
    compression,
    validationState,
    label,
    timestamp,
    // Where there is none the record says nothing of it.
    ...(trustmark === null ? {} : { trustmark }),
    watermark: { psnrDb, strength, confidence, epoch },
  }
}
