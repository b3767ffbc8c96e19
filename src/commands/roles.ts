// The worker roles, started in one process or in many against the same records.
import { join } from 'node:path'
import { openDevice } from '../../workers/device.ts'
import { startDispatcher } from '../../workers/dispatcher.ts'
import { startExporter } from '../../workers/exporter.ts'
import { startFinish } from '../../workers/finish.ts'
import { startGpu } from '../../workers/gpu.ts'
import { startJanitor } from '../../workers/janitor.ts'
import { startNotifier } from '../../workers/notifier.ts'
import { startPublisher } from '../../workers/publisher.ts'
import { startRechecker } from '../../workers/rechecker.ts'
import { startReview } from '../../workers/review.ts'
import { startSequencer } from '../../workers/sequencer.ts'
import { omitAppeals } from '../appeal/end.ts'
import { openLogCheck } from '../audit/recheck-log.ts'
import type { Ground } from '../kernel/ground.ts'
import { SYSTEM } from '../kernel/version.ts'
import type { MarkTools } from '../mark/mark.ts'
import { resolveByDns } from '../notify/address.ts'
import { loadModerationPolicy } from '../policy/load.ts'
import { loadRetentionRules } from '../policy/retention-rules.ts'
import { putInForce } from '../policy/versions.ts'
import type { OnErased } from '../publish/erase.ts'
import type { Doorbell } from '../schedule/doorbell.ts'
import { homeSecret } from '../tenant/secret.ts'
import { openJudge } from './judge.ts'
import type { Parts } from './parts.ts'
import { openEffects, openReview } from './review.ts'

export const ROLES = ['gpu', 'finish', 'dispatcher', 'janitor'] as const
export type Role = (typeof ROLES)[number]

export async function startRoles(
  roles: readonly Role[],
  { ground, doorbell, transparency }: Pick<Parts, 'ground' | 'doorbell' | 'transparency'>,
  marks: MarkTools,
  stack: AsyncDisposableStack,
): Promise<void> {
  for (const role of roles) {
    switch (role) {
      case 'gpu':
        stack.use(await openGpu(ground, doorbell, marks, stack))
        break
      case 'finish':
        stack.use(await openNotifier(ground))
        stack.use(startFinish(ground, doorbell, marks))
        stack.use(startRechecker(ground, { ...marks, checkLog: openLogCheck(transparency, ground.database.sql) }))
        break
      case 'dispatcher':
        stack.use(startDispatcher(ground, doorbell, ground.config.dispatch.slots))
        stack.use(startSequencer(ground, transparency))
        stack.use(startPublisher(ground, transparency))
        break
      case 'janitor':
        for (const loop of await openKeeping(ground, doorbell)) stack.use(loop)
        stack.use(startExporter(ground, transparency))
        break
      default:
        role satisfies never
    }
  }
}

async function openNotifier(ground: Ground): Promise<AsyncDisposable> {
  return startNotifier(ground, { key: await homeSecret(ground.config, 'webhooks'), resolve: resolveByDns })
}

async function openKeeping(ground: Ground, doorbell: Doorbell): Promise<AsyncDisposable[]> {
  const { policiesDir } = ground.config
  const policy = await loadModerationPolicy(join(policiesDir, 'moderation.yaml'))
  const rules = await loadRetentionRules(join(policiesDir, 'retention.yaml'))
  const tools = await openReview(ground.config, policy)
  const onErased: OnErased = (tx, requestId) => omitAppeals(tx, tools, requestId)
  const review = startReview(ground, tools, openEffects(ground, tools))
  return [startJanitor(ground, doorbell, { rules, onErased }), review]
}

async function openGpu(
  ground: Ground,
  doorbell: Doorbell,
  marks: MarkTools,
  stack: AsyncDisposableStack,
): Promise<AsyncDisposable> {
  const { config, log } = ground
  const policy = await loadModerationPolicy(join(config.policiesDir, 'moderation.yaml'))
  await putInForce(ground, policy, SYSTEM.version)
  const device = stack.use(
    await openDevice({
      packsDir: config.packsDir,
      required: config.defaultModel,
      provider: config.provider,
      threads: config.threads,
      memory: config.models.memory,
      ...(config.models.slotRows === null ? {} : { slotRows: config.models.slotRows }),
      stepDeadlineMs: () => config.stepDeadlineMs,
      strikes: config.models.strikes,
      log,
    }),
  )
  const review = await openReview(config, policy)
  return startGpu(ground, doorbell, device, openJudge(policy, config.appealWindowDays), review, marks)
}
