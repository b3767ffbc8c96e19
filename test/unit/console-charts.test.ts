// What leads are shown of figures: lengths of time and pictures, with everything a picture shows said in words too.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { dotAndWhisker, flowChart, sayShare, stackedBars, stackedColumns } from '../../src/console/charts.ts'
import { html } from '../../src/console/html.ts'
import { span, time } from '../../src/console/times.ts'

const HOSTILE = '"><script>'
const attributes = (svg: string, element: string, name: string) =>
  [...svg.matchAll(new RegExp(`<${element} [^>]*?\\b${name}="([^"]*)"`, 'g'))].map(([, value]) => Number(value))

test('a length of time is told in two units at most, a long one in days', () => {
  const told = [0, 59, 60, 3599, 3600, 3660, 86_399, 86_400, 172_800, 176_400, 1_000_000].map(span)
  assert.deepEqual(told, [
    ...['under a minute', 'under a minute', '1 min', '59 min', '1 h', '1 h 1 min', '23 h 59 min', '24 h'],
    ...['2 d', '2 d 1 h', '11 d'],
  ])
  assert.equal(span(-5), 'under a minute')
})

test('a moment is told from now, before and after it, and exactly on hover', () => {
  const now = new Date('2026-11-29T12:00:00Z')
  const at = (seconds: number) => `${time(new Date(now.getTime() + seconds * 1000), now)}`
  assert.match(at(-7200), />2 h ago</)
  assert.match(at(7260), />in 2 h 1 min</)
  assert.match(at(30), />just now</)
  assert.match(at(-7200), /datetime="2026-11-29T10:00:00.000Z" title="29 Nov 2026, 10:00 UTC"/)
})

test('bars share one scale, their parts follow each other, and nothing is drawn of nothing', () => {
  const svg = `${stackedBars(
    [
      {
        name: 'First look',
        parts: [
          { name: 'under 1 h', count: 3 },
          { name: 'over', count: 1 },
        ],
      },
      {
        name: 'Report',
        parts: [
          { name: 'under 1 h', count: 0 },
          { name: 'over', count: 2 },
        ],
      },
    ],
    'age',
  )}`
  const bars = svg.split('<ul')[0] ?? ''
  assert.deepEqual(attributes(bars, 'rect', 'x'), [0, 750, 0])
  assert.deepEqual(attributes(bars, 'rect', 'width'), [750, 250, 500])
  assert.match(svg, /aria-label="First look: 4, of these 3 under 1 h, 1 over"/)
  assert.match(svg, /aria-label="Report: 2, of these 2 over"/)
  assert.match(`${stackedBars([{ name: 'None', parts: [{ name: 'a', count: 0 }] }], 'due')}`, /aria-label="None: none"/)
})

test('bars never leave their picture, whatever is counted', () => {
  const counts = fc.array(fc.nat(1e6), { minLength: 1, maxLength: 7 })
  fc.assert(
    fc.property(fc.array(counts, { minLength: 1, maxLength: 4 }), (all) => {
      const bars = all.map((one) => ({ name: 'x', parts: one.map((count) => ({ name: 'y', count })) }))
      const svg = `${stackedBars(bars, 'age')}`.split('<ul')[0] ?? ''
      const [at, wide] = [attributes(svg, 'rect', 'x'), attributes(svg, 'rect', 'width')]
      for (const [index, x] of at.entries()) assert.ok(x + (wide[index] ?? 0) <= 1000.5)
    }),
  )
})

test('what came stands on the axis and what was decided hangs from it, on one scale', () => {
  const svg = `${flowChart([
    { came: 4, decided: 0 },
    { came: 0, decided: 2 },
  ])}`
  assert.deepEqual(attributes(svg, 'rect', 'y'), [2, 50])
  assert.deepEqual(attributes(svg, 'rect', 'height'), [48, 24])
  assert.match(svg, /aria-label="In 2 hours 4 came and 2 were decided; at most 4 in one hour\."/)
})

const interval = { low: 0.25, high: 0.75 }

test('a share is a whisker from a few on, and a dot with it only once enough were seen', () => {
  const enough = `${dotAndWhisker('Agreement', { standing: 'enough', n: 130, value: 0.5, interval })}`
  assert.match(enough, /class="whisker" x1="260" x2="740"/)
  assert.match(enough, /class="point" x1="500" x2="500"/)
  const few = `${dotAndWhisker('Agreement', { standing: 'interval_only', n: 45, value: null, interval })}`
  assert.match(few, /class="whisker"/)
  assert.doesNotMatch(few, /class="point"/)
  const none = `${dotAndWhisker('Agreement', { standing: 'insufficient', n: 3, value: null, interval: null })}`
  assert.doesNotMatch(none, /svg/)
  assert.match(none, /too few to say \(n = 3\)/)
})

test('a scale that begins below nothing has its nothing in the middle', () => {
  const svg = `${dotAndWhisker('Kappa', { standing: 'enough', n: 200, value: 0, interval: { low: -0.5, high: 0.5 } }, { from: -1, as: 'number' })}`
  assert.match(svg, /class="point" x1="500"/)
  assert.match(svg, /0\.00 \(-0\.50 to 0\.50\), n = 200/)
})

test('a share is said with its interval and how many were seen', () => {
  assert.equal(sayShare({ standing: 'enough', n: 130, value: 0.5, interval }), '50.0 % (25.0 to 75.0 %), n = 130')
  assert.equal(sayShare({ standing: 'interval_only', n: 45, value: null, interval }), '25.0 to 75.0 %, n = 45')
  assert.equal(sayShare({ standing: 'enough', n: 130, value: null, interval: null }), 'cannot be said (n = 130)')
})

test('pictures carry no style and no script, and names stay text', () => {
  const drawn = [
    stackedBars([{ name: HOSTILE, parts: [{ name: HOSTILE, count: 1 }] }], 'age'),
    flowChart([{ came: 1, decided: 1 }]),
    dotAndWhisker(HOSTILE, { standing: 'enough', n: 130, value: 0.5, interval }),
  ]
  assert.doesNotMatch(`${html`${drawn}`}`, /style=|<script|NaN|undefined/)
})

test('columns of days are stacked on one scale, the first part lowest, and none stands out of the picture', () => {
  const day = (name: string, ...counts: number[]) => ({
    name,
    parts: counts.map((count, part) => ({ name: `part ${part}`, count })),
  })
  const days = [day('2026-01-01', 3, 1), day('2026-01-02', 0, 0), day('2026-01-03', 0, 2)]
  const svg = String(stackedColumns(days, `${HOSTILE} in words`)).split('</svg>')[0] ?? ''
  assert.deepEqual(attributes(svg, 'rect', 'height'), [72, 24, 48], 'of 96, where 4 are the most')
  assert.deepEqual(attributes(svg, 'rect', 'y'), [28, 4, 52])
  const [first, second, third] = attributes(svg, 'rect', 'x')
  assert.ok(first === second && first !== undefined && third !== undefined && third - first > 600)
  assert.ok(!svg.includes(HOSTILE))
  assert.match(String(stackedColumns([], 'nothing')), /at most 1 in one day/)
})
