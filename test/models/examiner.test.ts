// The serving process's own look at pictures that callers hand in: a real child with the shipped classifier, started by the first
// picture, bounded, and gone when idle. Slower than unit tests: it starts processes.
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { isFault } from '../../src/kernel/fault.ts'
import { openLog } from '../../src/kernel/log.ts'
import { openExaminer } from '../../workers/examiner.ts'

const packsDir = fileURLToPath(new URL('../../models/packs/', import.meta.url))
const picture = { width: 32, height: 32, rgb: new Uint8Array(32 * 32 * 3).fill(90) }
const options = { packsDir, threads: 1, log: openLog('silent'), stepDeadlineMs: () => 20_000 }
const open = (more: { atOnce?: number; idleMs?: number } = {}) =>
  openExaminer({ ...options, atOnce: 2, idleMs: 60_000, ...more })

const examiner = open()
after(() => examiner[Symbol.asyncDispose]())

test('nothing runs before the first picture, and a model without classifiers starts nothing', async () => {
  assert.equal(examiner.pid, null)
  assert.equal(await examiner.examine(picture, []), null)
  assert.equal(examiner.pid, null)
})

test('a picture is scored by the classifiers that are named, each with its version and digest', async () => {
  const seen = await examiner.examine(picture, ['storybook-eye'])
  assert.deepEqual(Object.keys(seen?.categories ?? {}).sort(), ['violence/graphic', 'weapons'])
  assert.ok(Object.values(seen?.categories ?? {}).every((score) => score >= 0 && score <= 1))
  assert.deepEqual(
    seen?.classifiers.map(({ id, version, digest }) => [id, version, /^[0-9a-f]{64}$/.test(digest)]),
    [['storybook-eye', '2.0.0', true]],
  )
  assert.notEqual(examiner.pid, null)
})

test('its child holds classifiers only', async () => {
  await assert.rejects(examiner.examine(picture, ['storybook']), (error) => isFault(error, 'pack_missing'))
})

test('beyond the bound a picture is turned away as busy, and the others are answered', async () => {
  const both = [examiner.examine(picture, ['storybook-eye']), examiner.examine(picture, ['storybook-eye'])]
  await assert.rejects(
    examiner.examine(picture, ['storybook-eye']),
    (error) => isFault(error, 'busy') && error.retry === 'later',
  )
  assert.equal((await Promise.all(both)).length, 2)
})

test('a child that dies is no answer: inference_down, and the next picture is looked at', async () => {
  const asked = examiner.examine(picture, ['storybook-eye'])
  process.kill(examiner.pid ?? 0, 'SIGKILL')
  await assert.rejects(asked, (error) => isFault(error, 'inference_down'))
  assert.ok(await examiner.examine(picture, ['storybook-eye']))
})

test('the child ends when no picture came for a while, and the next one starts it again', async () => {
  await using brief = open({ idleMs: 150 })
  assert.ok(await brief.examine(picture, ['storybook-eye']))
  const { pid } = brief
  assert.ok(pid !== null)
  await gone(pid)
  assert.equal(brief.pid, null)
  assert.ok(await brief.examine(picture, ['storybook-eye']))
})

test('once closed it starts nothing more', async () => {
  const closed = open()
  await closed[Symbol.asyncDispose]()
  await assert.rejects(closed.examine(picture, ['storybook-eye']), (error) => isFault(error, 'inference_down'))
})

async function gone(pid: number): Promise<void> {
  const limit = AbortSignal.timeout(10_000)
  for (;;) {
    try {
      process.kill(pid, 0)
    } catch {
      return
    }
    if (limit.aborted) return assert.fail(`process ${pid} still runs`)
    await pause(50)
  }
}
