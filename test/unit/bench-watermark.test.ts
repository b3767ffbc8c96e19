// The counting behind the watermark benchmark: its false-positive rule, who is ahead, its targets, its attacks and its file of results.
import assert from 'node:assert/strict'
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { ATTACKS } from '../../bench/watermark/attacks.ts'
import { cellsOf, OURS, RELEASED, SETS, SIDES } from '../../bench/watermark/methods.ts'
import { type Copy, openResults } from '../../bench/watermark/results.ts'
import { against, type Row } from '../../bench/watermark/rows.ts'
import { binomialTail, leastAgreeing, standing } from '../../bench/watermark/statistics.ts'
import { verdicts } from '../../bench/watermark/targets.ts'
import { seeded, textured } from '../mark/pictures.ts'

test('chances of coins are the exact ones', () => {
  assert.equal(binomialTail(0, 3), 1)
  assert.equal(binomialTail(2, 3), 0.5)
  assert.equal(binomialTail(3, 3), 1 / 8)
  assert.equal(binomialTail(4, 3), 0)
  // 1 + 40 + 780 + 9880 + 91390 + 658008 words of 40 bits differ from one in at most five.
  assert.equal(binomialTail(35, 40), 760099 / 2 ** 40)
  assert.throws(() => binomialTail(1, 0), RangeError)
})

test('enough bits agree when one picture in a million would by chance, and of few bits none are enough', () => {
  assert.equal(leastAgreeing(40, 1e-6), 35)
  assert.equal(leastAgreeing(32, 1e-6), 30)
  assert.equal(leastAgreeing(20, 1e-6), 20)
  assert.equal(leastAgreeing(19, 1e-6), null)
})

test('ahead is by rate, and rows where both have all or nothing are told apart from other level ones', () => {
  const of = (hits: number, of: number) => ({ hits, of })
  assert.equal(standing(of(3, 4), of(2, 4)), 'ahead')
  assert.equal(standing(of(3, 4), of(8, 10)), 'behind')
  assert.equal(standing(of(4, 4), of(10, 10)), 'both all')
  assert.equal(standing(of(0, 4), of(0, 10)), 'both none')
  assert.equal(standing(of(2, 4), of(5, 10)), 'level')
})

/** A row where each method decodes so many of four. */
function rowOf(cell: Pick<Row, 'set' | 'side'>, attack: string, decoded: Readonly<Record<string, number>>): Row {
  const tallies = Object.entries(decoded).map(([method, hits]) => {
    return [method, { copies: 4, found: 4, decoded: hits, wrong: 0, cutShort: 0 }] as const
  })
  return { ...cell, attack, byMethod: new Map(tallies) }
}

test('rows behind are named, and a row that only one of the two has does not count', () => {
  const cell = { set: 'flat', side: 256 } as const
  const rows = [
    rowOf(cell, 'JPEG 90', { [OURS]: 4, dwtDct: 1 }),
    rowOf(cell, 'JPEG 70', { [OURS]: 1, dwtDct: 2 }),
    rowOf(cell, 'JPEG 50', { [OURS]: 0, dwtDct: 0 }),
    rowOf(cell, 'JPEG 30', { [OURS]: 4, dwtDct: 4 }),
    rowOf(cell, 'JPEG 20', { [OURS]: 4 }),
  ]
  const { rows: counted, by, behind } = against(rows, 'dwtDct')
  assert.equal(counted, 4)
  assert.deepEqual(by, { ahead: 1, behind: 1, 'both all': 1, 'both none': 1, level: 0 })
  assert.deepEqual(
    behind.map(({ attack }) => attack),
    ['JPEG 70'],
  )
})

test('a target holds when each of its rows does, and is not measured while one is missing', () => {
  const cells = cellsOf(SETS, SIDES)
  const rows = cells.flatMap((cell) =>
    Object.keys(ATTACKS).map((attack) => rowOf(cell, attack, { [OURS]: 4, [RELEASED]: 4, dwtDct: 0 })),
  )
  const holds = (some: readonly Row[]) =>
    new Map(verdicts(some, [], cells).map((verdict) => [verdict.target, verdict.holds]))
  const decoding = [...holds(rows)].filter(([target]) => target.includes('decoded'))
  assert.equal(decoding.length, 2 * 3 * (4 + 3 + 2))
  assert.ok(decoding.every(([, said]) => said === 'yes'))
  assert.equal(holds(rows).get('ahead of dwtDct on at least 90 % of the rows'), 'yes')
  const target = 'soft 512² at 42 dB: ≥ 99 % decoded at crop ≥ 50 %'
  const isOne = (row: Row) => row.set === 'soft' && row.side === 512 && row.attack === 'crop 50 %'
  assert.equal(holds(rows.filter((row) => !isOne(row))).get(target), 'not measured')
  const worse = rows.map((row) => (isOne(row) ? rowOf(row, row.attack, { [OURS]: 3, dwtDct: 0 }) : row))
  assert.equal(holds(worse).get(target), 'no')
})

test('an attack does the same to the same picture again, and another draw does another thing where anything is drawn', async () => {
  const picture = await textured(3, 96)
  const regenerate = async () => picture
  const drawn: string[] = []
  for (const [name, attack] of Object.entries(ATTACKS)) {
    const [once, again, other] = await Promise.all(
      [1, 1, 2].map((seed) => attack(picture, { random: seeded(seed), regenerate })),
    )
    assert.deepEqual(once, again, name)
    assert.equal(once?.rgb.length, 3 * (once?.width ?? 0) * (once?.height ?? 0), name)
    if (!Buffer.from(once?.rgb ?? []).equals(other?.rgb ?? Buffer.alloc(0))) drawn.push(name)
  }
  assert.ok(
    drawn.every((name) => /crop|noise|erased/.test(name)),
    `${drawn}`,
  )
  assert.equal(drawn.length, 10)
})

test('results of another version and a line that a stop cut short count for nothing, and the file goes on after it', () => {
  const folder = mkdtempSync(join(tmpdir(), 'darkroom-bench-'))
  try {
    const file = join(folder, 'results.jsonl')
    const of = { set: 'flat', side: 256, seed: 0, method: OURS, version: 'one' } as const
    const copy: Copy = {
      kind: 'copy',
      ...of,
      attack: 'none',
      found: true,
      decoded: true,
      wrong: false,
      score: 9,
      cutShort: false,
      readMs: 1,
    }
    const first = openResults(file, { [OURS]: 'one' })
    assert.equal(first.has(copy), false)
    first.append(copy)
    assert.equal(first.has(copy), false, 'how the picture was marked is not there yet')
    first.append({ kind: 'marked', ...of, psnrDb: 42, ssim: 1, ssimColour: 1, strength: 2, bits: 40 })
    assert.equal(first.has(copy), true)
    appendFileSync(file, '\n{"kind":"copy","set":"fl')
    const second = openResults(file, { [OURS]: 'one' })
    assert.equal(second.all().length, 2)
    second.append({ ...copy, attack: 'JPEG 90' })
    assert.equal(openResults(file, { [OURS]: 'one' }).has({ ...copy, attack: 'JPEG 90' }), true)
    assert.deepEqual(openResults(file, { [OURS]: 'two' }).all(), [])
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
