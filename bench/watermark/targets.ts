// What the mark is held to, and whether the measured rows hold it: decoding at three sizes, likeness to the original, and the lead over the
// peers. A target whose rows were not measured is not said to hold.
import { median } from '../median.ts'
import { wilson } from '../wilson.ts'
import { type Cell, isPeer, METHODS, OURS, RELEASED, type SetName } from './methods.ts'
import { against, type Fidelity, type Row } from './rows.ts'

export type Verdict = { target: string; measured: string; holds: 'yes' | 'no' | 'not measured' }

const LEAST_DECODED = 0.99
const LEAST_AHEAD = 0.9
const LEAST_SSIM: Readonly<Record<SetName, number>> = { flat: 0.95, storybook: 0.95, soft: 0.95, rough: 0.98 }

const SAID: Readonly<Record<string, string>> = { [OURS]: ' at 42 dB', [RELEASED]: ' as released' }

const JPEG = ['JPEG 90', 'JPEG 70', 'JPEG 50']
const ENLARGED = ['resize 150 %', 'resize 200 %']
const DECODING: readonly { side: number; what: string; attacks: readonly string[] }[] = [
  { side: 1024, what: 'JPEG ≥ 50', attacks: JPEG },
  { side: 1024, what: 'crop ≥ 25 %', attacks: ['crop 75 %', 'crop 50 %', 'crop 25 %'] },
  { side: 1024, what: 'resize ≥ 50 %', attacks: ['resize 50 %', 'resize 75 %', ...ENLARGED] },
  { side: 1024, what: 'rotation ≤ 10°', attacks: ['rotation 1°', 'rotation 2°', 'rotation 5°', 'rotation 10°'] },
  { side: 512, what: 'JPEG ≥ 50', attacks: JPEG },
  { side: 512, what: 'crop ≥ 50 %', attacks: ['crop 75 %', 'crop 50 %'] },
  { side: 512, what: 'resize ≥ 75 %', attacks: ['resize 75 %', ...ENLARGED] },
  { side: 256, what: 'JPEG ≥ 50', attacks: JPEG },
  { side: 256, what: 'resize ≥ 75 %', attacks: ['resize 75 %', ...ENLARGED] },
]

/** Whether a target of decoding is about such a row. */
export function isTargeted(side: number, attack: string): boolean {
  return DECODING.some((one) => one.side === side && one.attacks.includes(attack))
}

/** `compared`: the rows over the pictures that peers marked too. */
export function verdicts(
  rows: readonly Row[],
  fidelity: readonly Fidelity[],
  cells: readonly Cell[],
  compared = rows,
): Verdict[] {
  const decoding = DECODING.flatMap(({ side, what, attacks }) =>
    cells
      .filter((cell) => cell.side === side)
      .flatMap((cell) => [OURS, RELEASED].map((method) => decodes(rows, cell, method, what, attacks))),
  )
  const likeness = cells.flatMap((cell) => [OURS, RELEASED].map((method) => looksAlike(fidelity, cell, method)))
  return [...decoding, ...likeness, ...METHODS.filter(isPeer).flatMap((peer) => leads(compared, peer))]
}

/** Each of the attacks has to reach the target: the row with the least is told. */
function decodes(
  rows: readonly Row[],
  { set, side }: Cell,
  method: string,
  what: string,
  attacks: readonly string[],
): Verdict {
  const target = `${set} ${side}²${SAID[method] ?? ''}: ≥ 99 % decoded at ${what}`
  const own = rows.filter((row) => row.set === set && row.side === side && attacks.includes(row.attack))
  const shares = own.flatMap(({ attack, byMethod }) => {
    const ours = byMethod.get(method)
    return ours === undefined ? [] : [{ attack, ...wilson(ours.decoded, ours.copies) }]
  })
  const [least] = shares.toSorted((a, b) => a.share - b.share)
  if (least === undefined || shares.length < attacks.length)
    return { target, measured: 'not all of these rows', holds: 'not measured' }
  const { attack, hits, of, share, low, high } = least
  const interval = `${(100 * low).toFixed(1)}–${(100 * high).toFixed(1)}`
  const measured = `least at ${attack}: ${(100 * share).toFixed(1)} % (${hits} of ${of}; ${interval})`
  return { target, measured, holds: share >= LEAST_DECODED ? 'yes' : 'no' }
}

function looksAlike(fidelity: readonly Fidelity[], { set, side }: Cell, method: string): Verdict {
  const wanted = LEAST_SSIM[set]
  const target = `${set} ${side}²${SAID[method] ?? ''}: SSIM ≥ ${wanted}`
  const ours = fidelity.find((one) => one.set === set && one.side === side && one.method === method)
  if (ours === undefined) return { target, measured: 'nothing', holds: 'not measured' }
  const least = Math.min(...ours.ssim)
  const below = ours.ssim.filter((ssim) => ssim < wanted).length
  const middle = median(ours.ssim)
  const measured = `median ${middle.toFixed(3)}, least ${least.toFixed(3)}; ${below} of ${ours.ssim.length} below`
  return { target, measured, holds: middle >= wanted ? 'yes' : 'no' }
}

/** Of all rows, where both at 100 % or both at 0 % are no lead; and of the rows that tell the two apart. */
function leads(rows: readonly Row[], peer: string): Verdict[] {
  const { rows: all, by } = against(rows, peer)
  const apart = all - by['both all'] - by['both none']
  return [
    { of: all, which: 'the rows' },
    { of: apart, which: 'the rows where not both have 100 % or both 0 %' },
  ].map(({ of, which }) => {
    const target = `ahead of ${peer} on at least 90 % of ${which}`
    if (of === 0) return { target, measured: 'nothing', holds: 'not measured' }
    const share = (count: number) => `${count} (${((100 * count) / of).toFixed(1)} %)`
    const measured = `ahead on ${share(by.ahead)} of ${of}, behind on ${share(by.behind)}`
    return { target, measured, holds: by.ahead >= LEAST_AHEAD * of ? 'yes' : 'no' }
  })
}
