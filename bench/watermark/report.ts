// The tables, as Markdown: verdicts on the targets, the standing against each peer, fidelity, and every row.
import { median } from '../median.ts'
import { wilson } from '../wilson.ts'
import { type Cell, isPeer, METHODS, OURS, RELEASED } from './methods.ts'
import type { Result } from './results.ts'
import { against, decodedOf, type Fidelity, fidelityOf, type Row, rowsOf, type Tally } from './rows.ts'
import { type Verdict, verdicts } from './targets.ts'

/** `compared`: how many pictures of each cell the peers marked too; ours are told by all and compared by these. */
export function report(results: readonly Result[], cells: readonly Cell[], compared: number): string {
  const rows = rowsOf(results, cells)
  const shared = rowsOf(
    results.filter(({ seed }) => seed < compared),
    cells,
  )
  const fidelity = fidelityOf(results, cells)
  const methods = METHODS.filter((method) => fidelity.some((one) => one.method === method))
  return [
    '## The targets\n',
    targetTable(verdicts(rows, fidelity, cells, shared)),
    '\n## Against each peer\n',
    `Over the first ${compared} pictures of each set and size, which all methods marked.\n`,
    standings(shared, methods),
    wrongPayloads(rows),
    cutShort(rows),
    '\n## How the marked pictures came out\n',
    fidelityTable(fidelity),
    notReleased(rows, fidelity),
    '\n## Every row\n',
    'Decoded in per cent (95 % interval) · found in per cent.',
    ...cells.flatMap((cell) => cellTable(rows, cell, methods)),
  ].join('\n')
}

function table(head: readonly string[], body: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [line(head), `|${'---|'.repeat(head.length)}`, ...body.map(line)].join('\n')
}

function targetTable(all: readonly Verdict[]): string {
  return table(
    ['target', 'measured', 'holds'],
    all.map(({ target, measured, holds }) => [target, measured, holds === 'no' ? '**no**' : holds]),
  )
}

function standings(rows: readonly Row[], methods: readonly string[]): string {
  const all = methods.filter(isPeer).map((peer) => against(rows, peer))
  const counts = table(
    ['by decoding rate', 'rows', 'ahead', 'level: both 100 %', 'level: both 0 %', 'level between', 'behind'],
    all.map(({ peer, rows: of, by }) => [
      peer,
      ...[of, by.ahead, by['both all'], by['both none'], by.level, by.behind].map(String),
    ]),
  )
  const named = all.map(({ peer, behind }) => {
    const where = behind.map(
      (row) => `${row.set} ${row.side}², ${row.attack} (${rate(row, OURS)} to ${rate(row, peer)})`,
    )
    return `- Behind ${peer} on ${where.length === 0 ? 'no row.' : `${where.length}: ${where.join('; ')}.`}`
  })
  return `${counts}\n\n${named.join('\n')}`
}

function rate(row: Row, method: string): string {
  const decoded = decodedOf(row, method)
  return decoded === null ? '–' : `${percent(decoded.hits / decoded.of)} %`
}

/** Ours must say no payload but the one that was put in. */
function wrongPayloads(rows: readonly Row[]): string {
  const ours = (row: Row) => [OURS, RELEASED].flatMap((method) => row.byMethod.get(method) ?? [])
  const wrong = (row: Row) => ours(row).reduce((sum, of) => sum + of.wrong, 0)
  const bad = rows.filter((row) => wrong(row) > 0)
  const copies = rows.flatMap(ours).reduce((sum, of) => sum + of.copies, 0)
  if (bad.length === 0) return `\nNo copy of ${copies} was read as another payload than its own.`
  const where = bad.map((row) => `${row.set} ${row.side}², ${row.attack} (${wrong(row)})`)
  return `\n**WRONG PAYLOADS were read**, of ${copies} copies: ${where.join('; ')}.`
}

/** A longer search, or an idle machine, might have found some of these. */
function cutShort(rows: readonly Row[]): string {
  const ours = rows.flatMap((row) => row.byMethod.get(OURS) ?? [])
  const sum = (of: (tally: Tally) => number) => ours.reduce((total, tally) => total + of(tally), 0)
  const lost = sum(({ copies, found }) => copies - found)
  return `Of the ${lost} that were not found, the search ended for lack of time on ${sum((tally) => tally.cutShort)}.`
}

function fidelityTable(all: readonly Fidelity[]): string {
  const least = (values: readonly number[]) => Math.min(...values)
  return table(
    [
      'set',
      'method',
      'pictures',
      'bits',
      'PSNR dB, all between',
      'SSIM of luma: median (least)',
      'SSIM of colours: median (least)',
    ],
    all.map(({ set, side, method, bits, psnrDb, ssim, ssimColour }) => [
      `${set} ${side}²`,
      method,
      `${psnrDb.length}`,
      `${bits}`,
      `${least(psnrDb).toFixed(2)}–${Math.max(...psnrDb).toFixed(2)}`,
      `${median(ssim).toFixed(3)} (${least(ssim).toFixed(3)})`,
      `${median(ssimColour).toFixed(3)} (${least(ssimColour).toFixed(3)})`,
    ]),
  )
}

/** The service fails such a picture rather than release it without a mark that reads; its copies count as not found. */
function notReleased(rows: readonly Row[], fidelity: readonly Fidelity[]): string {
  const lost = fidelity.flatMap(({ set, side, method, psnrDb }) => {
    const row = rows.find((one) => one.set === set && one.side === side)
    const of = method === RELEASED ? (row?.byMethod.get(RELEASED)?.copies ?? 0) : 0
    return of > psnrDb.length ? [`${set} ${side}² (${of - psnrDb.length} of ${of})`] : []
  })
  const which = lost.length === 0 ? 'none' : lost.join(', ')
  return `\nNot released, because no mark within the floor of fidelity could be read back (\`mark_failed\`): ${which}.`
}

function cellTable(rows: readonly Row[], { set, side }: Cell, methods: readonly string[]): string[] {
  const own = rows.filter((row) => row.set === set && row.side === side)
  if (own.length === 0) return []
  const copies = [...new Set(own.flatMap(({ byMethod }) => [...byMethod.values()].map((of) => of.copies)))]
  const count = copies.length === 1 ? `${copies[0]}` : `${Math.min(...copies)}–${Math.max(...copies)}`
  const body = own.map((row) => [row.attack, ...methods.map((method) => shares(row, method))])
  return [`\n### ${set} ${side}²: ${count} picture${count === '1' ? '' : 's'}\n`, table(['', ...methods], body)]
}

function shares(row: Row, method: string): string {
  const of = row.byMethod.get(method)
  if (of === undefined) return '–'
  const { share, low, high } = wilson(of.decoded, of.copies)
  const wrong = of.wrong === 0 ? '' : ` **${of.wrong} WRONG**`
  return `${percent(share)} (${percent(low)}–${percent(high)}) · ${percent(of.found / of.copies)}${wrong}`
}

/** Never 100 for less than all, nor 0 for more than none. */
function percent(share: number): string {
  const rounded = Math.round(100 * share)
  if (share > 0 && share < 1 && (rounded === 0 || rounded === 100)) return (100 * share).toFixed(1)
  return `${rounded}`
}
