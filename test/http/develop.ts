// Moves a request to the ends that a test names, as the stages would: pictures of one colour, denials with their statements, releases with
// what marking would have recorded. For tests of what comes after; the stages themselves have their own.
import sharp from 'sharp'
import { advance, type ImageMove } from '../../src/advance.ts'
import type { Failure } from '../../src/journey.ts'
import { asJson } from '../../src/kernel/canonical.ts'
import { type Ground, requestTopic } from '../../src/kernel/ground.ts'
import { newId } from '../../src/kernel/ids.ts'
import { dropTasks } from '../../src/kernel/tasks.ts'
import { settleRequest } from '../../src/outcome.ts'
import type { ModerationPolicy } from '../../src/policy/policy.ts'
import { writeStatement } from '../../src/statement/statement.ts'

export type End = 'published' | 'held' | 'denied' | { failed: Failure }

type Tools = { ground: Ground; policy: ModerationPolicy }

export async function develop({ ground, policy }: Tools, requestId: string, ends: readonly End[]): Promise<void> {
  const { sql } = ground.database
  const request = await sql
    .selectFrom('darkroom.request')
    .selectAll()
    .where('id', '=', requestId)
    .executeTakeFirstOrThrow()
  const images = await sql
    .selectFrom('darkroom.image')
    .selectAll()
    .where('request_id', '=', requestId)
    .orderBy('position')
    .execute()
  const tell = (message: { [name: string]: string | number }) => ground.bell.tell(requestTopic(requestId), message)
  await ground.database.transact(async (tx) => {
    const { tenant_id: tenantId, version } = request
    await advance(tx, {
      subject: 'request',
      id: requestId,
      tenantId,
      from: 'queued',
      version,
      to: 'generating',
      facts: {},
    })
    await dropTasks(tx, [requestId])
  })
  tell({ step: 1, steps: request.steps })
  for (const [index, image] of images.entries()) {
    const end = ends[index] ?? 'published'
    const bytes = await pixels(request.width, request.height, index)
    const key = `${image.id}.png`
    if (end === 'published') await ground.images.putIfAbsent(key, { bytes, contentType: 'image/png' })
    await ground.quarantine.putIfAbsent(`${image.id}/generated`, { bytes, contentType: 'image/png' })
    await ground.database.transact(async (tx) => {
      const base = { subject: 'image', id: image.id, tenantId: request.tenant_id, facts: {} } as const
      const verdict = JSON.stringify({ verdict: 'test' })
      if (typeof end === 'object') {
        await advance(tx, { ...base, from: 'planned', version: 0, to: 'failed', set: { failure: end.failed } })
        return settleRequest(tx, requestId)
      }
      await advance(tx, { ...base, from: 'planned', version: 0, to: 'generated', set: { generated_digest: 'd' } })
      const judged = { ...base, from: 'generated', version: 1, set: { verdict } } as const
      if (end === 'held') await advance(tx, { ...judged, to: 'held' })
      else if (end === 'denied') await advance(tx, { ...judged, to: 'denied', statement: denial(policy, image.id) })
      else for (const move of releaseMoves(base, judged, image.id, key)) await advance(tx, move)
      return settleRequest(tx, requestId)
    })
    tell({ image: image.id })
  }
}

type Base = Pick<ImageMove, 'subject' | 'id' | 'tenantId' | 'facts'>

function releaseMoves(base: Base, judged: Omit<ImageMove, 'to'>, imageId: string, key: string): ImageMove[] {
  const marked = JSON.stringify({
    digests: { file: 'f', manifest: 'm', pixels: 'p' },
    validationState: 'Trusted',
    watermark: { psnrDb: 41.5, strength: 1, confidence: 1, epoch: 1 },
  })
  return [
    { ...judged, to: 'cleared' },
    { ...base, from: 'cleared', version: 2, to: 'marked', set: { marked, manifest_id: `urn:c2pa:${imageId}` } },
    {
      ...base,
      from: 'marked',
      version: 3,
      to: 'published',
      set: { object_key: key, size_bytes: 1000, published_at: new Date() },
    },
  ]
}

function denial(policy: ModerationPolicy, imageId: string) {
  const clause = [...policy.clauses.values()].find(
    (one) => one.statement?.facts.output && one.statement.redress === 'full',
  )
  if (clause === undefined) throw new Error('the policy denies no image')
  const id = newId('sor')
  const decidedAt = new Date()
  const appealUntil = new Date(decidedAt.getTime() + 86_400_000)
  const statement = writeStatement({
    id,
    policy,
    stage: 'output',
    subject: { kind: 'image', id: imageId },
    decision: {
      clause: clause.id,
      category: clause.category,
      categories: [clause.category],
      band: 'high',
      policy: { id: policy.id, version: policy.version, digest: policy.digest },
    },
    detection: 'automated',
    decidedBy: 'automated',
    classifiers: [{ id: 'storybook-eye', version: '1.0.0', digest: 'e'.repeat(64) }],
    decidedAt,
    appealUntil,
  })
  return { id, appealUntil, record: asJson(statement) }
}

function pixels(width: number, height: number, index: number): Promise<Buffer> {
  const background = { r: 200, g: 40 * index, b: 60 }
  return sharp({ create: { width, height, channels: 3, background } })
    .png()
    .toBuffer()
}
