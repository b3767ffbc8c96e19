// From single results to rows: of a set, a size and an attack, how many copies of each method were found and decoded; and how the marked
// pictures themselves came out.
import { ATTACKS } from './attacks.ts'
import { type Cell, METHODS, OURS } from './methods.ts'
import type { Copy, Marked, Result } from './results.ts'
import { type Count, type Standing, standing } from './statistics.ts'

export type Tally = { copies: number; found: number; decoded: number; wrong: number; cutShort: number }
export type Row = Cell & { attack: string; byMethod: ReadonlyMap<string, Tally> }
export type Fidelity = Cell & { method: string; bits: number; psnrDb: number[]; ssim: number[]; ssimColour: number[] }

/** In the order of cells and of the list of attacks; rows that nothing was measured for are left out. */
export function rowsOf(results: readonly Result[], cells: readonly Cell[]): Row[] {
  const copies = Map.groupBy(results.filter(isCopy), (copy) => `${copy.set}|${copy.side}|${copy.attack}`)
  return cells.flatMap(({ set, side }) =>
    Object.keys(ATTACKS).flatMap((attack) => {
      const own = copies.get(`${set}|${side}|${attack}`)
      if (own === undefined) return []
      const byMethod = new Map([...Map.groupBy(own, ({ method }) => method)].map(([name, of]) => [name, tally(of)]))
      return [{ set, side, attack, byMethod }]
    }),
  )
}

function tally(copies: readonly Copy[]): Tally {
  const count = (is: (copy: Copy) => boolean) => copies.filter(is).length
  return {
    copies: copies.length,
    found: count(({ found }) => found),
    decoded: count(({ decoded }) => decoded),
    wrong: count(({ wrong }) => wrong),
    cutShort: count(({ cutShort }) => cutShort),
  }
}

export function fidelityOf(results: readonly Result[], cells: readonly Cell[]): Fidelity[] {
  const marked = results.filter(isMarked)
  return cells.flatMap(({ set, side }) =>
    METHODS.flatMap((method) => {
      const own = marked.filter((one) => one.set === set && one.side === side && one.method === method)
      const [first] = own
      if (first === undefined) return []
      const psnrDb = own.map((one) => one.psnrDb)
      const ssim = own.map((one) => one.ssim)
      return [{ set, side, method, bits: first.bits, psnrDb, ssim, ssimColour: own.map((one) => one.ssimColour) }]
    }),
  )
}

export type Against = { peer: string; rows: number; by: Readonly<Record<Standing, number>>; behind: Row[] }

/** Ours against each peer over the rows that both have, by decoding rate. */
export function against(rows: readonly Row[], peer: string): Against {
  const by = { ahead: 0, behind: 0, 'both all': 0, 'both none': 0, level: 0 }
  const behind: Row[] = []
  for (const row of rows) {
    const [ours, theirs] = [decodedOf(row, OURS), decodedOf(row, peer)]
    if (ours === null || theirs === null) continue
    const how = standing(ours, theirs)
    by[how]++
    if (how === 'behind') behind.push(row)
  }
  const counted = Object.values(by).reduce((sum, count) => sum + count, 0)
  return { peer, rows: counted, by, behind }
}

export function decodedOf(row: Row, method: string): Count | null {
  const of = row.byMethod.get(method)
  return of === undefined ? null : { hits: of.decoded, of: of.copies }
}

function isCopy(result: Result): result is Copy {
  return result.kind === 'copy'
}

function isMarked(result: Result): result is Marked {
  return result.kind === 'marked'
}
