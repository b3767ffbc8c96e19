// An image as its stages need it: its own row with what its request says of it.
import type { Ground } from './ground.ts'

/** Undefined when it was erased. */
export function loadImageWork(ground: Ground, imageId: string) {
  return ground.database.sql
    .selectFrom('darkroom.image as image')
    .innerJoin('darkroom.request as request', 'request.id', 'image.request_id')
    .select([
      'image.id',
      'image.tenant_id',
      'image.request_id',
      'image.state',
      'image.version',
      'image.created_at',
      'image.mark_id',
      'image.generated_digest',
      'image.marked',
      'request.model',
      'request.model_version',
      'request.purpose',
      'request.sandbox',
      'request.prompt',
      'request.negative_prompt',
      'request.operation',
      'request.output_format',
      'request.output_compression',
    ])
    .where('image.id', '=', imageId)
    .executeTakeFirst()
}
