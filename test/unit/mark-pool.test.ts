import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isFault } from '../../src/kernel/fault.ts'
import { openWatermarker } from '../../src/mark/watermark/pool.ts'
import { cartoon, pixelsOf } from '../mark/pictures.ts'

const keys = [{ epoch: 2, secret: Buffer.alloc(32, 'pool') }]
const PNG = { format: 'png', quality: null, xmp: null } as const
const QUICK = { search: 'quick' } as const

describe('the watermark threads', () => {
  it('serve many pictures in turn and mix up none', async () => {
    await using watermark = openWatermarker({ keys, threads: 2 })
    const read = await Promise.all(
      [11, 12, 13, 14, 15].map(async (markId) => {
        const file = await watermark.mark(await cartoon(markId), markId, PNG)
        return (await watermark.read(await pixelsOf(file.bytes), QUICK)).decoded?.markId
      }),
    )
    assert.deepEqual(read, [11, 12, 13, 14, 15])
  })

  it('fail one picture that cannot be marked, once and for all, and go on with the next', async () => {
    await using watermark = openWatermarker({ keys, threads: 1 })
    const tiny = { width: 20, height: 20, rgb: new Uint8Array(1200) }
    const fault = await watermark.mark(tiny, 1, PNG).catch((cause) => cause)
    assert.ok(isFault(fault, 'mark_failed'))
    assert.equal(fault.retry, 'never')
    assert.equal((await watermark.mark(await cartoon(1), 1, PNG)).quality, null)
  })

  it('refuse work once closed, and settle what was waiting', async () => {
    const watermark = openWatermarker({ keys, threads: 1 })
    const picture = await cartoon(2)
    const waiting = Promise.allSettled([1, 2, 3].map((markId) => watermark.mark(picture, markId, PNG)))
    await watermark[Symbol.asyncDispose]()
    for (const outcome of await waiting) {
      assert.ok(outcome.status === 'rejected' && isFault(outcome.reason) && outcome.reason.retry === 'later')
    }
    await assert.rejects(watermark.read(picture, QUICK), (cause) => isFault(cause, 'mark_failed'))
  })
})
