// What a ruling on a report does: denied, the picture is withdrawn with a statement of reasons; allowed, it stays; left undecided, nothing
// happens. Every open report that the item stands for gets the outcome. An item that a disagreeing audit opened has no report and goes the
// same way. Wired to the item kind `report` (review/settle.ts).
import type { Tx } from '../kernel/database.ts'
import type { ItemRow, ReviewTools } from '../review/item.ts'
import type { Ruling } from '../review/ruling.ts'
import type { Effect } from '../review/settle.ts'
import { endReports, type Lane } from './reports.ts'
import { lockPublished, withdrawImage } from './withdraw.ts'

export function reportEffect({ policy }: Pick<ReviewTools, 'policy'>, appealWindowDays: number): Effect {
  return async (item, ruling) => async (tx) => {
    const { image_id: imageId } = item
    if (imageId === null) throw new TypeError('an item of a report names its image')
    const image = await lockPublished(tx, imageId)
    // Its owner was faster, or another item of it.
    const lane = { restricted: item.restricted, policy }
    if (image === null) return leave(tx, imageId, ruling.outcome === 'deny' ? 'removed' : 'omitted', lane)
    switch (ruling.outcome) {
      case 'allow':
        return leave(tx, imageId, 'kept', lane)
      case 'omit':
        return leave(tx, imageId, 'omitted', lane)
      case 'deny': {
        const source = item.report_id === null ? 'own_initiative' : 'notice'
        await endReports(tx, [imageId], 'removed', lane)
        return withdrawImage(
          tx,
          policy,
          image,
          { by: 'people', ruling, source, appealWindowDays },
          factsOf(item, ruling, policy.digest),
        )
      }
      default:
        return ruling.outcome satisfies never
    }
  }
}

async function leave(tx: Tx, imageId: string, outcome: 'kept' | 'removed' | 'omitted', lane: Lane): Promise<[]> {
  await endReports(tx, [imageId], outcome, lane)
  return []
}

function factsOf(item: ItemRow, { clause, verdicts }: Ruling, policy: string) {
  return { review: item.id, report: item.report_id, decided_by: 'person', verdicts: [...verdicts], clause, policy }
}
