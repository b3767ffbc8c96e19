// A preview's row, and who may read it: from `released_at` on, while its image is on its way or published. Whatever withholds an
// image takes its previews back in the same transaction (advance.ts); generate/previews.ts releases them and later removes them.
import type { ImageState } from '../journey.ts'
import type { Tx } from './database.ts'

const SHOWN_WHILE: readonly ImageState[] = ['planned', 'generated', 'cleared', 'marked', 'published']

/** The image has moved: where the new state withholds it, its previews can no longer be read. */
export async function withholdPreviews(tx: Tx, imageId: string, to: ImageState): Promise<void> {
  if (SHOWN_WHILE.includes(to)) return
  await tx.updateTable('darkroom.preview').set({ released_at: null }).where('image_id', '=', imageId).execute()
}
