// The history checker: reads what is left when the dust has settled (records, buckets, webhooks received) and says, one line each,
// what is not as promised. Every acknowledged request has one terminal state, one charge, one set of objects and at least one
// delivered webhook; nothing else is left over. It asks the records directly and shares no code with what it checks but the leaf.
import { createHash } from 'node:crypto'
import { GetObjectCommand, ListObjectVersionsCommand, type S3Client } from '@aws-sdk/client-s3'
import pg from 'pg'
import { leafHash } from '../../src/kernel/canonical.ts'
import { leafOf } from '../../src/kernel/leaf.ts'
import type { Received } from './receiver.ts'

const TERMINAL = ['done', 'refused', 'failed', 'cancelled', 'expired']
const EVENTS: Record<string, string> = {
  done: 'generation.completed',
  refused: 'generation.refused',
  failed: 'generation.failed',
  cancelled: 'generation.cancelled',
  expired: 'generation.expired',
}

export type World = {
  databaseUrl: string
  s3: S3Client
  imagesBucket: string
  /** Ids that the service acknowledged with 202, by idempotency key. */
  acknowledged: ReadonlyMap<string, string>
  received: readonly Received[]
}

type RequestRow = { id: string; state: string; n: number; sandbox: string | null; idempotency: string | null }
type ImageRow = {
  id: string
  request_id: string
  state: string
  object_key: string | null
  marked: { digests: { file: string } } | null
}
type MoveRow = Parameters<typeof leafOf>[0] & { tenant_id: string; leaf_hash: string }
type ChargeRow = { request_id: string; images: number; reason: string }

export type History = { violations: string[]; counts: Record<string, number> }

export async function checkHistory(world: World): Promise<History> {
  const client = new pg.Client({ connectionString: world.databaseUrl })
  await client.connect()
  const rows = async <Row extends object>(text: string) => (await client.query<Row>(text)).rows
  try {
    const requests = await rows<RequestRow>('SELECT id, state, n, sandbox, NULL AS idempotency FROM darkroom.request')
    const images = await rows<ImageRow>('SELECT id, request_id, state, object_key, marked FROM darkroom.image')
    const moves = await rows<MoveRow>('SELECT * FROM darkroom.move ORDER BY tenant_id, tenant_sequence')
    const charges = await rows<ChargeRow>('SELECT request_id, images, reason FROM darkroom.charge')
    const left = await rows<{ what: string; count: string }>(`
      SELECT 'task' AS what, count(*) AS count FROM darkroom.task
      UNION ALL SELECT 'pending webhook', count(*) FROM darkroom.webhook_delivery WHERE state = 'pending'
      UNION ALL SELECT 'usage that charges do not explain', count(*) FROM (
        SELECT tenant_id, sum(images) FROM darkroom.usage GROUP BY 1
        EXCEPT SELECT tenant_id, sum(images) FROM darkroom.charge GROUP BY 1 EXCEPT SELECT id, 0 FROM darkroom.tenant) AS odd`)
    const violations = [
      ...endings(world, requests, moves),
      ...chargesOf(requests, images, charges),
      ...imagesOf(requests, images, moves),
      ...chain(moves),
      ...webhooks(world, requests),
      ...(await objects(world, images)),
      ...left.filter(({ count }) => count !== '0').map(({ what, count }) => `${count} left over: ${what}`),
    ]
    const counts: Record<string, number> = { requests: requests.length, moves: moves.length }
    for (const { state } of requests) counts[state] = (counts[state] ?? 0) + 1
    for (const { state } of images) counts[`image ${state}`] = (counts[`image ${state}`] ?? 0) + 1
    counts['webhooks received'] = world.received.length
    return { violations, counts }
  } finally {
    await client.end()
  }
}

function endings({ acknowledged }: World, requests: readonly RequestRow[], moves: readonly MoveRow[]): string[] {
  const byId = new Map(requests.map((request) => [request.id, request]))
  const ends = new Map<string, number>()
  for (const { subject, subject_id, to_state } of moves)
    if (subject === 'request' && TERMINAL.includes(to_state ?? ''))
      ends.set(subject_id, (ends.get(subject_id) ?? 0) + 1)
  const lost = [...acknowledged.values()]
    .filter((id) => !byId.has(id))
    .map((id) => `${id} was acknowledged and is gone`)
  const twice = acknowledged.size - new Set(acknowledged.values()).size
  const open = requests.flatMap(({ id, state }) => {
    if (!TERMINAL.includes(state)) return [`${id} is still ${state}`]
    const count = ends.get(id) ?? 0
    return count === 1 ? [] : [`${id} ended ${count} times`]
  })
  return [...lost, ...(twice > 0 ? [`${twice} orders share a request`] : []), ...open]
}

function chargesOf(
  requests: readonly RequestRow[],
  images: readonly ImageRow[],
  charges: readonly ChargeRow[],
): string[] {
  const charged = new Map(charges.map((charge) => [charge.request_id, charge]))
  const published = Map.groupBy(
    images.filter(({ state }) => state === 'published'),
    ({ request_id }) => request_id,
  )
  const wrong = requests.flatMap(({ id, sandbox }) => {
    const charge = charged.get(id)
    if (charge === undefined) return [`${id} was never charged`]
    const due = sandbox === null ? (published.get(id)?.length ?? 0) : 0
    return charge.images === due ? [] : [`${id} was charged ${charge.images} images for ${due}`]
  })
  return charges.length === requests.length
    ? wrong
    : [...wrong, `${charges.length} charges for ${requests.length} requests`]
}

function imagesOf(requests: readonly RequestRow[], images: readonly ImageRow[], moves: readonly MoveRow[]): string[] {
  const violations: string[] = []
  const perRequest = Map.groupBy(images, ({ request_id }) => request_id)
  for (const { id, n } of requests)
    if (perRequest.get(id)?.length !== n)
      violations.push(`${id} has ${perRequest.get(id)?.length ?? 0} images for ${n}`)
  const path = Map.groupBy(
    moves.filter(({ subject }) => subject === 'image'),
    ({ subject_id }) => subject_id,
  )
  for (const { id, state } of images) {
    if (['planned', 'generated', 'cleared', 'marked'].includes(state)) violations.push(`${id} is still ${state}`)
    const steps = path.get(id) ?? []
    const reached = steps.map(({ to_state }) => to_state)
    if (new Set(reached).size !== reached.length) violations.push(`${id} went ${reached.join(' → ')}`)
    if (reached.at(-1) !== state) violations.push(`${id} is ${state}, its log says ${reached.at(-1)}`)
    steps.forEach((step, index) => {
      if (index > 0 && step.from_state !== reached[index - 1]) violations.push(`${id} jumped to ${step.to_state}`)
    })
  }
  return violations
}

function chain(moves: readonly MoveRow[]): string[] {
  const heads = new Map<string, string>()
  const violations: string[] = []
  for (const move of moves) {
    if (move.previous_leaf !== (heads.get(move.tenant_id) ?? '0'.repeat(64)))
      violations.push(`leaf ${move.tenant_sequence} does not follow the one before it`)
    if (move.leaf_hash !== leafHash(leafOf(move))) violations.push(`leaf ${move.tenant_sequence} has another hash`)
    heads.set(move.tenant_id, move.leaf_hash)
  }
  return violations
}

function webhooks({ received }: World, requests: readonly RequestRow[]): string[] {
  const told = new Set(received.map(({ type, subjectId }) => `${type} ${subjectId}`))
  const silent = requests
    .filter(({ id, state }) => !told.has(`${EVENTS[state]} ${id}`))
    .map(({ id, state }) => `${id} is ${state} and no webhook said so`)
  const bodies = Map.groupBy(received, ({ messageId }) => messageId)
  const changed = [...bodies].filter(([, all]) => new Set(all.map(({ body }) => body)).size > 1)
  return [
    ...silent,
    ...changed.map(([messageId]) => `${messageId} was told with different bodies`),
    ...received.filter(({ verified }) => !verified).map(({ messageId }) => `${messageId} has a wrong signature`),
  ]
}

/** The images' bucket holds each published file once, as it was marked, and nothing else. */
async function objects({ s3, imagesBucket }: World, images: readonly ImageRow[]): Promise<string[]> {
  const stored = new Map<string, number>()
  let marker: { KeyMarker?: string; VersionIdMarker?: string } = {}
  for (;;) {
    const page = await s3.send(new ListObjectVersionsCommand({ Bucket: imagesBucket, ...marker }))
    for (const { Key = '' } of [...(page.Versions ?? []), ...(page.DeleteMarkers ?? [])])
      stored.set(Key, (stored.get(Key) ?? 0) + 1)
    if (page.IsTruncated !== true) break
    marker = {
      ...(page.NextKeyMarker === undefined ? {} : { KeyMarker: page.NextKeyMarker }),
      ...(page.NextVersionIdMarker === undefined ? {} : { VersionIdMarker: page.NextVersionIdMarker }),
    }
  }
  const violations: string[] = []
  for (const { id, state, object_key, marked } of images) {
    if (state !== 'published' || object_key === null) continue
    const versions = stored.get(object_key) ?? 0
    stored.delete(object_key)
    if (versions !== 1) violations.push(`${id} is stored ${versions} times`)
    if (versions === 0) continue
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: imagesBucket, Key: object_key }))
    const bytes = (await Body?.transformToByteArray()) ?? new Uint8Array()
    if (createHash('sha256').update(bytes).digest('hex') !== marked?.digests.file)
      violations.push(`${id} is not the file that was marked`)
  }
  return [...violations, ...[...stored.keys()].map((key) => `nobody knows the object of ${key.slice(0, 30)}`)]
}
