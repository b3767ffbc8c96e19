// Pictures that were really marked, signed and published by the service's own stages, and looked at by its public check: for tests of what
// the public is told of them.
import type { OutputFormat } from '../../src/kernel/tables.ts'
import { ALLOWED } from '../http/service.ts'
import { type Court, openCourt } from '../review/court.ts'
import { cartoon, type Drawn, imageOf } from './pictures.ts'

export type Published = { id: string; manifestId: string; bytes: Buffer; original: Drawn }
export type Publishing = Awaited<ReturnType<typeof openPublishing>>
type Options = Omit<NonNullable<Parameters<typeof openCourt>[0]>, 'realMarks' | 'paint' | 'realCheck'>

export async function openPublishing(options: Options = {}) {
  const painted: Drawn[] = []
  const paint = async () => {
    const drawn = await cartoon(90 + painted.length)
    painted.push(drawn)
    return imageOf(drawn).png().toBuffer()
  }
  const realCheck = { resolve: async () => ['127.0.0.1'] }
  const court: Court = await openCourt({ ...options, realMarks: true, paint, realCheck })
  const { service, sql } = court
  return {
    court,
    service,
    sql,
    /** `more` is said in the order. */
    async publish(outputFormat: OutputFormat = 'png', more: object = {}): Promise<Published> {
      const asked = await service.call('/v1/generations', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ prompt: ALLOWED, output_format: outputFormat, ...more }),
      })
      const { id: requestId } = await asked.json()
      const [id = ''] = await court.develop(requestId, [{}])
      await court.finish()
      const row = await sql.selectFrom('darkroom.image').selectAll().where('id', '=', id).executeTakeFirstOrThrow()
      const { bytes } = await service.ground.images.get(row.object_key ?? '')
      const original = painted.at(-1)
      if (original === undefined || row.manifest_id === null) throw new Error('a published image was drawn and signed')
      return { id, manifestId: row.manifest_id, bytes: Buffer.from(bytes), original }
    },
    [Symbol.asyncDispose]: () => court[Symbol.asyncDispose](),
  }
}
