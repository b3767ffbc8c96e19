// How fast requests are accepted, against BullMQ's bare `add` on the same database in the same run, and how long an idle service takes
// from accepting a request to the first denoising step. Accepting is more than adding: an order is validated, screened, written
// with its images and their leaves, and made a task. Rounds alternate; medians are printed.
//   npm run bench -- bench/queue.ts
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { readingsOf } from '../models/prompts/readings.ts'
import { type Admission, admitGeneration } from '../src/admit/admit.ts'
import { openTurns } from '../src/admit/turns.ts'
import { readCards } from '../src/commands/cards.ts'
import { openMarkTools, openParts } from '../src/commands/parts.ts'
import { openReview } from '../src/commands/review.ts'
import { ROLES, startRoles } from '../src/commands/roles.ts'
import { readConfig } from '../src/kernel/config.ts'
import { requestTopic } from '../src/kernel/ground.ts'
import { openLog } from '../src/kernel/log.ts'
import { MARK_ID_BITS } from '../src/mark/watermark/code.ts'
import { loadModerationPolicy } from '../src/policy/load.ts'
import { loadPlans } from '../src/policy/quotas.ts'
import { costOf } from '../src/schedule/fair-queue.ts'
import { bootstrap } from '../src/tenant/bootstrap.ts'
import { authenticate } from '../src/tenant/caller.ts'
import { keyFilePath } from '../src/tenant/key-file.ts'
import { homeSecret } from '../src/tenant/secret.ts'
import { median } from './median.ts'

const ROUNDS = 7
const EACH = 60
const AT_ONCE = 8
const IDLE_RUNS = 15
const ORDER = { prompt: 'a red boat on the sea at sunset', quality: 'low' } as const

const home = mkdtempSync(join(tmpdir(), 'darkroom-bench-'))
const config = readConfig({ ...process.env, DARKROOM_HOME: home, DARKROOM_LOG_LEVEL: 'error' })
const log = openLog(config.logLevel)
await using stack = new AsyncDisposableStack()
stack.defer(() => rmSync(home, { recursive: true, force: true }))
const parts = await openParts(config, log, stack)
const { ground, doorbell } = parts
await bootstrap(ground)
const caller = await authenticate(ground, JSON.parse(readFileSync(keyFilePath(home), 'utf8')).client)
const policy = await loadModerationPolicy(join(config.policiesDir, 'moderation.yaml'))
const admission: Admission = {
  models: await readCards(config.packsDir, config.defaultModel),
  policy,
  review: await openReview(config, policy),
  plans: await loadPlans(join(config.policiesDir, 'quotas.yaml')),
  costOf,
  readWeighted: readingsOf,
  markIdBits: MARK_ID_BITS,
  turns: openTurns(config.pressure.admissions),
  userSecret: await homeSecret(config, 'users'),
}
const accept = () => admitGeneration(ground, admission, caller, ORDER)

async function perSecond(work: (index: number) => Promise<unknown>): Promise<number> {
  const start = performance.now()
  let next = 0
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      while (next < EACH) await work(next++)
    }),
  )
  return (EACH * 1000) / (performance.now() - start)
}

const accepted: number[] = []
const added: number[] = []
for (let round = 0; round < ROUNDS; round++) {
  accepted.push(await perSecond(accept))
  added.push(
    await perSecond((index) => doorbell.add({ id: `bench-${round}-${index}`, stage: 'publish', ring: 0, delayMs: 0 })),
  )
}
await ground.database.sql.deleteFrom('darkroom.task').execute()

await startRoles(ROLES, parts, await openMarkTools(config, log, stack), stack)
const firstStep: number[] = []
for (let run = 0; run < IDLE_RUNS; run++) {
  const start = performance.now()
  const { requestId } = await accept()
  firstStep.push((await heardAt(requestTopic(requestId), 'step')) - start)
  await untilIdle()
}

function heardAt(topic: string, field: string): Promise<number> {
  return new Promise((resolve) => {
    const deaf = doorbell.hear(topic, (message) => {
      if (typeof message !== 'object' || message === null || !(field in message)) return
      deaf()
      resolve(performance.now())
    })
  })
}

async function untilIdle(): Promise<void> {
  for (;;) {
    const task = await ground.database.sql.selectFrom('darkroom.task').select('id').limit(1).executeTakeFirst()
    if (task === undefined) return
    await sleep(50)
  }
}

const rate = (values: number[]) => `${median(values).toFixed(0)} a second`
process.stdout.write(`records: ${ground.database.kind}; ${AT_ONCE} at once, ${ROUNDS} alternating rounds of ${EACH}, medians
accepted requests        ${rate(accepted)}
BullMQ's bare add        ${rate(added)}
ratio                    ${(median(accepted) / median(added)).toFixed(2)}
accepted to first step   ${median(firstStep).toFixed(0)} ms when idle (${IDLE_RUNS} runs; the first step's own time included)
`)
