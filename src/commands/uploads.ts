// Binds the classifiers of a model and the readers of marks to the pictures that callers hand in. The serving process has an inference
// child and a watermark thread of its own for them, started by the first such picture: public verification keeps nobody waiting.
import { openExaminer } from '../../workers/examiner.ts'
import type { ServerDeps } from '../http/deps.ts'
import type { Config } from '../kernel/config.ts'
import { Fault } from '../kernel/fault.ts'
import type { Log } from '../kernel/log.ts'
import type { ModelCard } from '../kernel/model.ts'
import type { Registry } from '../mark/registry.ts'
import { verifyProvenance } from '../mark/verify.ts'
import { openVerifyTools, type VerifyTools } from './parts.ts'

type Tools = { models: readonly ModelCard[]; log: Log; signer: VerifyTools['signer']; registry: Registry }

/** A caller waits for it: less time than public verification has for copies that are turned or scaled. */
const SEARCH_MS = 100

/** Starts nothing yet; `stack` ends what a picture started. */
export function openUploads(
  config: Config,
  { models, log, signer, registry }: Tools,
  stack: AsyncDisposableStack,
): Pick<ServerDeps, 'examineUpload' | 'findMarks'> {
  const { edits, packsDir, threads, stepDeadlineMs } = config
  const examiner = stack.use(
    openExaminer({
      packsDir,
      threads,
      log,
      stepDeadlineMs: () => stepDeadlineMs,
      atOnce: edits.examinationsAtOnce,
      idleMs: edits.examinerIdleMs,
    }),
  )
  const later = stack.use(new AsyncDisposableStack())
  let reading: Promise<VerifyTools> | null = null
  const limits = { maxPixels: config.limits.uploadPixels, maxBytes: config.limits.uploadBytes }
  return {
    examineUpload: async (picture, modelId) => {
      const card = models.find(({ id }) => id === modelId)
      if (card === undefined) throw new Fault('model_unknown', { field: 'model', detail: 'there is no such model' })
      return examiner.examine(picture, card.classifiers)
    },
    findMarks: async (bytes) => {
      reading ??= openVerifyTools(config, signer, later)
      return verifyProvenance(bytes, { ...(await reading), registry, limits, searchMs: SEARCH_MS })
    },
  }
}
