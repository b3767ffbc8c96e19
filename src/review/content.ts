// The content that an item is about: a picture that was made, a picture that was handed in and refused, or a prompt. Only what a
// reviewer looks at; nothing of who asked for it.
import { sql as raw } from 'kysely'
import type { Sql } from '../kernel/database.ts'
import type { ItemRow } from './item.ts'

export type Content = {
  readonly subject: 'image' | 'prompt'
  readonly width: number
  readonly height: number
  readonly purpose: string | null
  readonly prompt: string | null
  readonly negativePrompt: string | null
  /** Of the picture that was made; null where none was. */
  readonly image: {
    readonly id: string
    readonly digest: string | null
    readonly publicKey: string | null
    /** Of the file that was released, once it is published no longer: it outlives the original. */
    readonly withdrawnDigest: string | null
  } | null
  /** Of the picture that the request started from. */
  readonly inputKey: string | null
  readonly erased: boolean
}

export async function readContent(sql: Sql, item: ItemRow & { upload: boolean }): Promise<Content> {
  const request = await sql
    .selectFrom('darkroom.request')
    .select(['prompt', 'negative_prompt', 'purpose', 'width', 'height', 'erased_at'])
    // What its owner erased and a restricted team has still to decide about lies sealed, for it alone.
    .select(raw<boolean>`EXISTS (SELECT FROM darkroom.held_erasure WHERE request_id = request.id)`.as('kept'))
    .where('id', '=', item.request_id)
    .executeTakeFirstOrThrow()
  const appeal =
    item.appeal_id === null
      ? null
      : await sql
          .selectFrom('darkroom.appeal')
          .select('purpose')
          .where('id', '=', item.appeal_id)
          .executeTakeFirstOrThrow()
  const image = await readImage(sql, item.image_id)
  const input = await sql
    .selectFrom('darkroom.input')
    .select(['object_key', 'width', 'height'])
    .where('request_id', '=', item.request_id)
    .where('kind', '=', 'image')
    .orderBy('position')
    .executeTakeFirst()
  const size = item.upload && input !== undefined ? input : request
  return {
    subject: item.image_id !== null || item.upload ? 'image' : 'prompt',
    width: size.width,
    height: size.height,
    // What an appellant declares is what it is for, and tells of no appeal.
    purpose: appeal?.purpose ?? request.purpose,
    prompt: request.prompt,
    negativePrompt: request.negative_prompt,
    image: image && {
      id: image.id,
      digest: image.generated_digest,
      publicKey: image.state === 'published' ? image.object_key : null,
      withdrawnDigest: image.state === 'withdrawn' ? image.file_digest : null,
    },
    inputKey: input?.object_key ?? null,
    erased: (request.erased_at ?? image?.erased_at ?? null) !== null && !(item.restricted && request.kept),
  }
}

async function readImage(sql: Sql, id: string | null) {
  if (id === null) return null
  return sql
    .selectFrom('darkroom.image')
    .select(['id', 'state', 'generated_digest', 'object_key', 'erased_at'])
    .select(raw<string | null>`marked->'digests'->>'file'`.as('file_digest'))
    .where('id', '=', id)
    .executeTakeFirstOrThrow()
}
