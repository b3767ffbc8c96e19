// How many models one inference process keeps open, and in what company rows are computed; when a model
// that ends its process is asked no more.
import type { Reader } from './reader.ts'

export function readModels({ integer, list }: Reader, defaultModel: string) {
  const budgetMib = integer('DARKROOM_MODEL_MEMORY_MIB', 0, 0, 16_777_216)
  const idleSeconds = integer('DARKROOM_MODEL_IDLE_SECONDS', 0, 0, 604_800)
  const slotRows = integer('DARKROOM_SLOT_ROWS', 0, 0, 256)
  return {
    memory: {
      ...(budgetMib === 0 ? {} : { budgetBytes: budgetMib * 2 ** 20 }),
      ...(idleSeconds === 0 ? {} : { idleMs: idleSeconds * 1000 }),
      pinned: [defaultModel, ...list('DARKROOM_MODEL_PINNED')],
    },
    /** Null: as many rows as there are. */
    slotRows: slotRows === 0 ? null : slotRows,
    strikes: {
      limit: integer('DARKROOM_MODEL_STRIKES', 3, 1, 1000),
      asideMs: integer('DARKROOM_MODEL_ASIDE_SECONDS', 600, 1, 86_400) * 1000,
    },
  }
}
