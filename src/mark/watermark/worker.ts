// One watermark thread: answers each job of pool.ts in turn. It holds the keys that the pool gave it and no other state.
import { parentPort, workerData } from 'node:worker_threads'
import { isFault } from '../../kernel/fault.ts'
import { readMark } from './detect.ts'
import type { MarkKey } from './pattern.ts'
import type { Answer, Job } from './pool.ts'
import { markPicture } from './strengthen.ts'

const keys: readonly MarkKey[] = workerData

async function answer(job: Job): Promise<Answer> {
  if (job.kind === 'read') return { kind: 'read', reading: readMark(job.picture, keys, job.options) }
  const [newest] = keys
  if (newest === undefined) throw new Error('no mark key')
  return { kind: 'mark', file: await markPicture(job.picture, job.markId, newest, job.encoding) }
}

parentPort?.on('message', async (job: Job) => {
  try {
    parentPort?.postMessage(await answer(job))
  } catch (cause) {
    const failed: Answer = isFault(cause)
      ? { kind: 'fault', code: cause.code, retry: cause.retry, detail: cause.message, facts: cause.facts }
      : { kind: 'error', detail: cause instanceof Error ? cause.message : 'unknown' }
    parentPort?.postMessage(failed)
  }
})
