// The whole of moderation and review on a real service: real admission, the real moderate stage with scores that a test names, real
// review and appeals, the real publish stage; four reviewers and a lead with keys of their own; time that a test moves. Only drawing
// is the test's, and marking where a test says so.
import { randomBytes } from 'node:crypto'
import { sql as raw } from 'kysely'
import sharp from 'sharp'
import { advance } from '../../src/advance.ts'
import { openJudge } from '../../src/commands/judge.ts'
import { openMarkTools } from '../../src/commands/parts.ts'
import { openEffects } from '../../src/commands/review.ts'
import { sha256 } from '../../src/kernel/canonical.ts'
import { generatedKey, markedKey } from '../../src/kernel/quarantine.ts'
import { addTask, type Claim, claimTask, dropTasks } from '../../src/kernel/tasks.ts'
import { markStage } from '../../src/mark/stage.ts'
import { moderateStage } from '../../src/moderate/moderate.ts'
import { finishStage } from '../../src/outcome.ts'
import { publishStage } from '../../src/publish/release.ts'
import { settleDue } from '../../src/review/settle.ts'
import { createKey } from '../../src/tenant/keys.ts'
import { createPerson } from '../../src/tenant/people.ts'
import type { Role } from '../../src/tenant/roles.ts'
import { openService, type RealCheck, type Service } from '../http/service.ts'
import { growLog } from '../support/log-rounds.ts'

export const REVIEWERS = ['ada', 'ben', 'cleo', 'dev'] as const
export type ReviewerName = (typeof REVIEWERS)[number]

/** Scores of the storybook's eye; what is not named is harmless. */
export type Scores = Partial<Record<'weapons' | 'violence/graphic' | 'violence' | 'sexual', number>>

const BY = { program: 'first_start' } as const
const EYE = { version: '1.0.0', digest: 'e'.repeat(64) }

type Options = {
  env?: Record<string, string>
  realMarks?: boolean
  draw?: () => number
  pages?: Parameters<typeof openService>[1]
  realCheck?: RealCheck
  /** A picture of its own each time, as a file; one colour unless said. */
  paint?: typeof picture
}
export type Court = Awaited<ReturnType<typeof openCourt>>

export async function openCourt(options: Options = {}) {
  const { env = {}, realMarks = false, draw = () => 0.999, pages = [], realCheck, paint = picture } = options
  await using stack = new AsyncDisposableStack()
  const service = stack.use(await openService(env, pages, realCheck))
  const { ground, policy, admission } = service
  const { sql } = ground.database
  const tools = { ...admission.review, draw }
  const marks = realMarks ? await openMarkTools(ground.config, ground.log, stack) : null
  const people = await makePeople(service)
  const effects = openEffects(ground, tools)
  const owned = stack.move()

  /** Claims and does each task of a stage that is due. */
  async function work(
    stage: 'mark' | 'publish',
    does: (claim: Claim, stopping: AbortSignal) => Promise<void>,
  ): Promise<void> {
    const tasks = await sql.selectFrom('darkroom.task').select('id').where('stage', '=', stage).execute()
    for (const { id } of tasks) {
      const claim = await claimTask(sql, id, 60_000)
      if (claim !== null) await does(claim, new AbortController().signal)
    }
  }

  return {
    service,
    ground,
    sql,
    tools,
    policy,
    people,
    effects,
    /** A key's text by a reviewer's name, or the lead's. */
    keyOf: (name: ReviewerName | 'lead') => people[name].key,
    /** Draws what is queued of a request and judges each picture by its scores. Returns the images' ids. */
    async develop(requestId: string, scores: readonly Scores[]): Promise<string[]> {
      const images = await drawAll(service, requestId, paint)
      for (const [index, image] of images.entries()) {
        const claim = await claimTask(sql, image.taskId, 60_000)
        if (claim === null) throw new Error('a task that was just made can be claimed')
        const categories = { weapons: 0.01, 'violence/graphic': 0.01, ...scores[index] }
        const moderation = {
          classifiersOf: () => ['storybook-eye'],
          classify: async () => ({ ...EYE, categories }),
          judge: openJudge(policy, ground.config.appealWindowDays),
          mayRetry: () => false,
          review: tools,
        }
        await moderateStage(ground, moderation, claim)
      }
      return images.map(({ id }) => id)
    },
    /** Marks and publishes what is cleared. */
    async finish(): Promise<void> {
      await work('mark', (claim) => (marks === null ? markQuickly(service, claim) : markStage(ground, marks, claim)))
      await growLog(ground.database, service.transparency)
      await work('publish', (claim, stopping) => publishStage(ground, claim, stopping))
    },
    /** Lets time pass, and what is due by then take effect. */
    async pass(seconds: number): Promise<number> {
      await raw`UPDATE darkroom.clock_offset SET by = by + ${seconds} * interval '1 second'`.execute(sql)
      return settleDue(ground, tools, effects)
    },
    stateOf: async (table: 'request' | 'image' | 'appeal', id: string): Promise<string> =>
      (await sql.selectFrom(`darkroom.${table}`).select('state').where('id', '=', id).executeTakeFirstOrThrow()).state,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

async function makePeople({ ground }: Service) {
  const { sql } = ground.database
  const { id: tenantId } = await sql
    .selectFrom('darkroom.tenant')
    .select('id')
    .where('operator', '=', true)
    .executeTakeFirstOrThrow()
  const make = async (name: string, roles: Role[]) =>
    ground.database.transact(async (tx) => {
      const id = await createPerson(tx, { tenantId, name, roles }, BY)
      const { text } = await createKey(tx, { tenantId, personId: id, name, roles }, BY)
      return { id, key: text }
    })
  // The people of the first start would take items that a test means for these.
  await raw`UPDATE darkroom.person SET deactivated_at = darkroom.now() WHERE roles && ARRAY['reviewer', 'lead']`.execute(
    sql,
  )
  return {
    ada: await make('Ada', ['reviewer']),
    ben: await make('Ben', ['reviewer']),
    cleo: await make('Cleo', ['reviewer']),
    dev: await make('Dev', ['reviewer']),
    lead: await make('Lee', ['lead', 'reviewer']),
  }
}

/** As the generate stage would: pictures in quarantine, and a moderate task for each. */
async function drawAll(
  { ground }: Service,
  requestId: string,
  paint: typeof picture,
): Promise<{ id: string; taskId: string }[]> {
  const { sql } = ground.database
  const request = await sql
    .selectFrom('darkroom.request')
    .selectAll()
    .where('id', '=', requestId)
    .executeTakeFirstOrThrow()
  const { tenant_id: tenantId, version } = request
  const images = await sql
    .selectFrom('darkroom.image')
    .selectAll()
    .where('request_id', '=', requestId)
    .orderBy('position')
    .execute()
  await ground.database.transact(async (tx) => {
    const move = { subject: 'request', id: requestId, tenantId, from: 'queued', version } as const
    await advance(tx, { ...move, to: 'generating', facts: {} })
    await dropTasks(tx, [requestId])
  })
  const drawn: { id: string; taskId: string }[] = []
  for (const { id } of images) {
    const bytes = await paint(request.width, request.height)
    await ground.quarantine.putIfAbsent(generatedKey(id), { bytes, contentType: 'image/png' })
    await ground.database.transact(async (tx) => {
      const set = { generated_digest: sha256(bytes) }
      await advance(tx, {
        subject: 'image',
        id,
        tenantId,
        from: 'planned',
        version: 0,
        to: 'generated',
        facts: {},
        set,
      })
      const due = await addTask(tx, { tenantId, subject: 'image', subjectId: id, stage: 'moderate' })
      drawn.push({ id, taskId: due.id })
    })
  }
  return drawn
}

/** A picture of its own each time. */
function picture(width: number, height: number): Promise<Buffer> {
  const [r = 0, g = 0, b = 0] = randomBytes(3)
  return sharp({ create: { width, height, channels: 3, background: { r, g, b } } })
    .png()
    .toBuffer()
}

/** As the mark stage moves, without marking: for tests of what comes before and after. */
async function markQuickly({ ground }: Service, claim: Claim): Promise<void> {
  const image = await ground.database.sql
    .selectFrom('darkroom.image as image')
    .innerJoin('darkroom.request as request', 'request.id', 'image.request_id')
    .innerJoin('darkroom.tenant as tenant', 'tenant.id', 'image.tenant_id')
    .selectAll('image')
    .select('tenant.policy as policy_settings')
    .select(['request.model', 'request.model_version', 'request.purpose', 'request.sandbox', 'request.skip_clauses'])
    .select(['request.prompt', 'request.negative_prompt', 'request.sampling', 'request.operation'])
    .select(['request.output_format', 'request.output_compression', 'request.label'])
    .where('image.id', '=', claim.subjectId)
    .executeTakeFirstOrThrow()
  const file = await ground.quarantine.get(generatedKey(image.id))
  const digest = sha256(file.bytes)
  await ground.quarantine.putIfAbsent(markedKey(image.id, digest), file)
  const marked = { digests: { file: digest, manifest: 'm', pixels: 'p' }, validationState: 'Trusted' }
  await finishStage(ground, claim, image, {
    to: 'marked',
    facts: {},
    set: { marked: JSON.stringify(marked), manifest_id: `urn:c2pa:${image.id}` },
  })
}
