import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gumbelChance } from '../../bench/false-claims/gumbel.ts'
import { seeded } from '../mark/pictures.ts'

test('a fit to drawn maxima gives back the chance that they were drawn with', () => {
  const random = seeded(7)
  const [location, scale] = [4, 0.3]
  const maxima = Array.from({ length: 20_000 }, () => location - scale * Math.log(-Math.log(random())))
  for (const z of [4, 5, 6]) {
    const exact = -Math.expm1(-Math.exp(-(z - location) / scale))
    assert.ok(Math.abs(Math.log(gumbelChance(maxima, z) / exact)) < 0.1, `z ${z}`)
  }
})

test('one value alone is no distribution', () => {
  assert.throws(() => gumbelChance([4, 4, 4], 5), RangeError)
})
