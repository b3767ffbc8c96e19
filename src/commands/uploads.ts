// Binds the classifiers of a model to the pictures that callers hand in: the serving process has an inference child of its own for
// them, started by the first such picture.
import { openExaminer } from '../../workers/examiner.ts'
import type { ServerDeps } from '../http/deps.ts'
import type { Config } from '../kernel/config.ts'
import { Fault } from '../kernel/fault.ts'
import type { Log } from '../kernel/log.ts'
import type { ModelCard } from '../kernel/model.ts'

/** Starts nothing yet; `stack` ends what a picture started. */
export function openUploads(
  { edits, packsDir, threads, stepDeadlineMs }: Config,
  models: readonly ModelCard[],
  log: Log,
  stack: AsyncDisposableStack,
): ServerDeps['examineUpload'] {
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
  return async (picture, modelId) => {
    const card = models.find(({ id }) => id === modelId)
    if (card === undefined) throw new Fault('model_unknown', { field: 'model', detail: 'there is no such model' })
    return examiner.examine(picture, card.classifiers)
  }
}
