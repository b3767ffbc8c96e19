// The mark stage: a cleared image is encoded, watermarked, signed and read back; only what reads back as this very image moves to
// `marked`. A file that an earlier attempt stored is read back in the same way and adopted.
import { advance } from '../advance.ts'
import type { Json } from '../kernel/canonical.ts'
import { type Ground, requestTopic } from '../kernel/ground.ts'
import type { Picture } from '../kernel/model.ts'
import { markedKey, readGenerated } from '../kernel/quarantine.ts'
import type { OutputFormat } from '../kernel/tables.ts'
import { type Claim, completeTask, type Due } from '../kernel/tasks.ts'

export type MarkOrder = {
  imageId: string
  markId: number
  picture: Picture
  format: OutputFormat
  compression: number | null
  model: { id: string; version: string }
  createdAt: Date
}

export type MarkedFile = {
  bytes: Buffer
  mimeType: string
  manifestId: string
  fingerprint: string
  /** Kept with the record and told in the log: digests, watermark strength and quality, validation state. */
  record: { [name: string]: Json }
}

/** Marks and signs, and reads a marked file back against the record. Faults: mark_failed, mark_unverified, signer_failed. */
export type Marker = {
  mark: (order: MarkOrder) => Promise<MarkedFile>
  readBack: (bytes: Buffer, order: MarkOrder) => Promise<MarkedFile>
}

export async function markStage(ground: Ground, marker: Marker, claim: Claim): Promise<void> {
  const image = await loadImage(ground, claim.subjectId)
  if (image === undefined || image.state !== 'cleared') return ground.database.transact((tx) => completeTask(tx, claim))
  const order: MarkOrder = {
    imageId: image.id,
    markId: Number(image.mark_id),
    picture: await readGenerated(ground.quarantine, image.id, image.generated_digest),
    format: image.output_format,
    compression: image.output_compression,
    model: { id: image.model, version: image.model_version },
    createdAt: image.created_at,
  }
  const file = await storeMarked(ground, marker, order)
  let due: Due[] = []
  await ground.database.transact(async (tx) => {
    await completeTask(tx, claim)
    due = await advance(tx, {
      subject: 'image',
      id: image.id,
      tenantId: image.tenant_id,
      from: 'cleared',
      version: image.version,
      to: 'marked',
      facts: { ...file.record, manifest: file.manifestId },
      set: {
        marked: JSON.stringify({ ...file.record, mimeType: file.mimeType }),
        manifest_id: file.manifestId,
        fingerprint: file.fingerprint,
      },
      tasks: [{ tenantId: image.tenant_id, subject: 'image', subjectId: image.id, stage: 'publish' }],
    })
  })
  ground.bell.ring(due)
  ground.bell.tell(requestTopic(image.request_id), { image: image.id, state: 'marked' })
}

async function storeMarked(ground: Ground, marker: Marker, order: MarkOrder): Promise<MarkedFile> {
  const file = await marker.mark(order)
  const stored = await ground.quarantine.putIfAbsent(markedKey(order.imageId), {
    bytes: file.bytes,
    contentType: file.mimeType,
  })
  if (stored === 'created') return file
  return marker.readBack((await ground.quarantine.get(markedKey(order.imageId))).bytes, order)
}

function loadImage(ground: Ground, imageId: string) {
  return ground.database.sql
    .selectFrom('darkroom.image as image')
    .innerJoin('darkroom.request as request', 'request.id', 'image.request_id')
    .select([
      'image.id',
      'image.tenant_id',
      'image.request_id',
      'image.state',
      'image.version',
      'image.mark_id',
      'image.generated_digest',
      'image.created_at',
      'request.model',
      'request.model_version',
      'request.output_format',
      'request.output_compression',
    ])
    .where('image.id', '=', imageId)
    .executeTakeFirst()
}
