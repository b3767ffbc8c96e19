// Paths, widths and bundles of the log's tiles against the examples of their specification, and every other spelling refused.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  decodeEntries,
  encodeEntries,
  entriesBetween,
  entriesPath,
  parseTilePath,
  TILE_WIDTH,
  tilePath,
  tilesBetween,
} from '../../src/audit/tiles.ts'

type Golden = {
  index: number
  elements: string
  tree: { size: number; levels: { full: number; partial: number }[] }
}
const file = new URL('../goldens/log-vectors.json', import.meta.url)
const golden: Golden = JSON.parse(readFileSync(file, 'utf8')).tiles

const LARGEST = Number.MAX_SAFE_INTEGER
const indices = fc.oneof(fc.maxSafeNat(), fc.nat(2_000_000))
const widths = fc.integer({ min: 1, max: TILE_WIDTH })

describe('the path of a tile', () => {
  it('is the one of the specification', () => {
    assert.equal(tilePath(0, golden.index, 256), `tile/0/${golden.elements}`)
    assert.equal(tilePath(5, golden.index, 57), `tile/5/${golden.elements}.p/57`)
    assert.equal(entriesPath(golden.index, 256), `tile/entries/${golden.elements}`)
    assert.equal(entriesPath(golden.index, 1), `tile/entries/${golden.elements}.p/1`)
    const known = { 0: '000', 7: '007', 999: '999', 1000: 'x001/000', 999999: 'x999/999', 1000000: 'x001/x000/000' }
    for (const [index, path] of Object.entries(known)) assert.equal(tilePath(63, Number(index), 256), `tile/63/${path}`)
    assert.equal(tilePath(0, LARGEST, 255), 'tile/0/x009/x007/x199/x254/x740/991.p/255')
  })

  it('is read back as what it was printed from', () => {
    const property = fc.property(fc.nat(63), indices, widths, (level, index, width) => {
      assert.deepEqual(parseTilePath(tilePath(level, index, width)), { level, index, width })
      assert.deepEqual(parseTilePath(entriesPath(index, width)), { level: 'entries', index, width })
    })
    fc.assert(property)
  })

  it('has one spelling', () => {
    const others = [
      ...[
        '',
        'tile',
        'tile/0',
        'tile/0/',
        'tile/0/7',
        'tile/0/07',
        'tile/0/0007',
        'tile/0/007/',
        '/tile/0/007',
        'tile//007',
      ],
      ...[
        'tile/00/007',
        'tile/64/007',
        'tile/-1/007',
        'tile/+1/007',
        'tile/1e1/007',
        'tile/data/007',
        'tile/Entries/007',
      ],
      ...[
        'tile/0/x000/007',
        'tile/0/x000/x001/007',
        'tile/0/x01/007',
        'tile/0/001/007',
        'tile/0/x001',
        'tile/0/X001/007',
      ],
      ...['tile/0/007.p/0', 'tile/0/007.p/256', 'tile/0/007.p/057', 'tile/0/007.p/', 'tile/0/007.p', 'tile/0/007.p/5/'],
      ...[
        'tile/0/007.p/-5',
        'tile/0/007.p/5 ',
        ' tile/0/007',
        'tile/0/007\n',
        'tile/0/007.p/5\n',
        'tile/0/٠٠٧',
        'tile/0/007.P/5',
      ],
      // One more than the largest safe integer, and what is far beyond it.
      ...[
        'tile/0/x009/x007/x199/x254/x740/992',
        'tile/0/x999/x999/x999/x999/x999/999',
        'tile/0/x001/x000/x000/x000/x000/x000/000',
      ],
      ...[
        'tile/0/../0/007',
        'tile/0/%30%30%37',
        'tile/0/007?x',
        'tile/0/007#',
        'checkpoint',
        `tile/0/${'x001/'.repeat(9_999)}001`,
      ],
    ]
    for (const path of others) assert.equal(parseTilePath(path), null, JSON.stringify(path.slice(0, 60)))
  })

  it('is printed of nothing that is no tile', () => {
    for (const level of [-1, 64, 0.5, Number.NaN]) assert.throws(() => tilePath(level, 0, 1), /no tile has level/)
    for (const index of [-1, 0.5, Number.NaN, 2 ** 53]) {
      assert.throws(() => tilePath(0, index, 1), /no tile has index/)
      assert.throws(() => entriesPath(index, 1), RangeError)
    }
    for (const width of [0, -1, 257, 1.5, Number.NaN]) {
      assert.throws(() => tilePath(0, 0, width), /no tile has width/)
      assert.throws(() => entriesPath(0, width), RangeError)
    }
  })
})

describe('the tiles of a tree', () => {
  it('are those of the specification for 70,000 leaves, and for 256', () => {
    const tiles = tilesBetween(0, golden.tree.size)
    for (const [level, { full, partial }] of golden.tree.levels.entries()) {
      const own = tiles.filter((tile) => tile.level === level)
      assert.deepEqual(
        own.map(({ index }) => index),
        Array.from({ length: full + 1 }, (_, i) => i),
      )
      assert.deepEqual(
        own.map(({ width }) => width),
        [...Array.from({ length: full }, () => 256), partial],
      )
    }
    assert.equal(
      tiles.length,
      golden.tree.levels.reduce((sum, { full }) => sum + full + 1, 0),
    )
    assert.deepEqual(tilesBetween(0, 256), [
      { level: 0, index: 0, width: 256 },
      { level: 1, index: 0, width: 1 },
    ])
  })

  it('that a tree has and one before it has not are its own less those of the other', () => {
    const sizes = fc.oneof(fc.nat(1_000), fc.nat(70_000), fc.constantFrom(0, 255, 256, 257, 65_535, 65_536, 65_537))
    const property = fc.property(sizes, sizes, (a, b) => {
      const [from, to] = [Math.min(a, b), Math.max(a, b)]
      const paths = (start: number, end: number): string[] =>
        tilesBetween(start, end).map(({ level, index, width }) => tilePath(level, index, width))
      const before = new Set(paths(0, from))
      assert.deepEqual(
        paths(from, to),
        paths(0, to).filter((path) => !before.has(path)),
      )
      const bundles = entriesBetween(from, to).map(({ index, width }) => ({ level: 0, index, width }))
      assert.deepEqual(
        bundles,
        tilesBetween(from, to).filter(({ level }) => level === 0),
      )
    })
    fc.assert(property, { numRuns: 200 })
  })

  it('are none between equal trees, and no tree shrinks', () => {
    assert.deepEqual(tilesBetween(300, 300), [])
    assert.deepEqual(entriesBetween(0, 0), [])
    assert.throws(() => tilesBetween(2, 1), /a tree of 2 leaves does not grow to 1/)
    for (const bad of [-1, 0.5, Number.NaN]) {
      assert.throws(() => entriesBetween(bad, 5), RangeError)
      assert.throws(() => tilesBetween(0, bad), RangeError)
    }
  })
})

describe('a bundle of entries', () => {
  it('has each entry behind its length', () => {
    const bundle = encodeEntries([Buffer.from('ab'), Buffer.alloc(0), Buffer.alloc(258, 7)])
    assert.equal(bundle.subarray(0, 8).toString('hex'), '0002616200000102')
    assert.equal(bundle.length, 4 + 2 + 260)
  })

  it('is read back as it was written, as far as its width says', () => {
    const bundles = fc.array(fc.uint8Array({ maxLength: 40 }), { minLength: 1, maxLength: TILE_WIDTH })
    const property = fc.property(bundles, (entries) => {
      assert.deepEqual(
        decodeEntries(encodeEntries(entries), entries.length),
        entries.map((entry) => Buffer.from(entry)),
      )
    })
    fc.assert(property)
    const largest = Buffer.alloc(65_535, 1)
    assert.deepEqual(decodeEntries(encodeEntries([largest]), 1), [largest])
  })

  it('has no entry that is too long for its length', () => {
    const entries = [Buffer.alloc(1), Buffer.alloc(65_536)]
    assert.throws(() => encodeEntries(entries), {
      name: 'RangeError',
      message: 'entry 1 has 65536 bytes; 65535 at the most',
    })
  })

  it('that is cut anywhere, or has more than its entries, is refused with the place', () => {
    const whole = encodeEntries([Buffer.from('abc'), Buffer.from('de')])
    for (let length = 0; length < whole.length; length++) {
      const entry = length < 5 ? 0 : 1
      const message = `the bundle is truncated in entry ${entry} of 2, at byte ${length}`
      assert.throws(() => decodeEntries(whole.subarray(0, length), 2), { name: 'RangeError', message })
    }
    assert.throws(() => decodeEntries(whole, 1), { message: 'the bundle has 4 bytes after its 1 entries' })
    assert.throws(() => decodeEntries(whole, 3), /truncated in entry 2 of 3/)
    for (const width of [0, 257, Number.NaN]) assert.throws(() => decodeEntries(whole, width), /no bundle has/)
  })
})
