// The fingerprint's standard, held to iscc-core's and Pillow's own answers (test/goldens/make/iscc.py): every bit, every grey value.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { CODE_BITS, contentCode, isccOf } from '../../src/mark/iscc.ts'
import { greyThumbnail } from '../../src/mark/thumbnail.ts'

type Golden = {
  published: { name: string; pixels: string; bits: number; iscc: string }[]
  codes: { kind: string; n: number; hex: string }[]
  thumbnails: { width: number; height: number; grey: string }[]
}
const golden: Golden = JSON.parse(readFileSync(new URL('../goldens/iscc.json', import.meta.url), 'utf8'))

describe("the standard's image code", () => {
  it('answers the published conformance vectors bit for bit', () => {
    assert.equal(golden.published.length, 3)
    for (const { name, pixels, bits, iscc } of golden.published) {
      const { hex } = contentCode(new Uint8Array(Buffer.from(pixels, 'base64')))
      // Base 32 of a shorter code: another length in its header, and its first bits.
      const header = Buffer.from([0x21, bits / 32 - 1]).toString('hex')
      assert.equal(base32Hex(iscc.slice('ISCC:'.length)).slice(0, 4 + bits / 4), header + hex.slice(0, bits / 4), name)
      if (bits === CODE_BITS) assert.equal(isccOf(hex), iscc)
    }
  })

  it('answers pictures with equal values at a median as iscc-core does', () => {
    assert.equal(golden.codes.length, 192)
    for (const { kind, n, hex } of golden.codes) assert.equal(contentCode(grey(kind, n)).hex, hex, `${kind} ${n}`)
  })

  it('is made of the grey picture that Pillow makes, value for value', () => {
    for (const { width, height, grey } of golden.thumbnails) {
      const made = greyThumbnail({ width, height, rgb: picture(width, height) })
      assert.deepEqual(Buffer.from(made).toString('base64'), grey, `${width}×${height}`)
    }
  })
})

function base32Hex(letters: string): string {
  const bits = [...letters].map((letter) =>
    'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0'),
  )
  const fours = bits.join('').match(/.{4}/g) ?? []
  return fours.map((four) => Number.parseInt(four, 2).toString(16)).join('')
}

function noise(i: number): number {
  let x = Number((BigInt(i) * 2654435761n + 12345n) % 2n ** 32n)
  x = (x ^ (x >>> 13)) >>> 0
  x = Number((BigInt(x) * 40503n) % 2n ** 32n)
  return ((x ^ (x >>> 7)) >>> 0) % 256
}

/** As `grey` of test/goldens/make/iscc.py. */
function grey(kind: string, n: number): Uint8Array {
  return Uint8Array.from({ length: 1024 }, (_, i) => {
    const [x, y] = [i % 32, Math.floor(i / 32)]
    switch (kind) {
      case 'constant':
        return (n * 7) % 256
      case 'ramp':
        return (x * (n % 5) + y * (n % 3)) % 256
      case 'bands':
        return Math.floor(y / ((n % 6) + 1)) % 2 === 1 ? 200 : 30
      case 'checks':
        return (Math.floor(x / ((n % 4) + 1)) + Math.floor(y / ((n % 3) + 1))) % 2 === 1 ? 255 : 0
      case 'halves':
        return x < n % 32 ? 90 : 160
      case 'square':
        return Math.abs(x - 16) < (n % 12) + 2 && Math.abs(y - 16) < (n % 9) + 2 ? 220 : 60
      case 'few':
        return noise(n * 1024 + i) % 3
      default:
        return noise(n * 1024 + i)
    }
  })
}

/** As `picture` of test/goldens/make/iscc.py. */
function picture(width: number, height: number): Uint8Array {
  return Uint8Array.from({ length: width * height * 3 }, (_, i) => {
    const [channel, x, y] = [i % 3, Math.floor(i / 3) % width, Math.floor(i / 3 / width)]
    return (noise(Math.floor(y / 3) * width + Math.floor(x / 3) + channel * 7) + x * (channel + 1) + y * 2) % 256
  })
}
