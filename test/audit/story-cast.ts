// The 200 requests of the story (story.test.ts), of two tenants, and what each comes to: twelve have a chapter of their own, in which
// people judge, appeal, report, withdraw and erase; the others are the crowd.
import assert from 'node:assert/strict'
import type { ImageState, RequestState, StateOf } from '../../src/journey.ts'
import { ALLOWED, FORBIDDEN, failWhole } from '../http/service.ts'
import type { Scores } from '../review/court.ts'
import { TEXT } from '../review/voices.ts'
import type { Client, Stage } from './story-stage.ts'

export type Told = {
  requestId: string
  as: Client
  state: RequestState
  /** By position. */
  images: ImageState[]
  /** How many statements of reasons it and its images got. */
  restrictions: number
  appeals: StateOf<'appeal'>[]
}

const ERASED_PROMPT = 'seventeen grey herons beside an old mill'
const REPORT_TEXT = 'my neighbour keeps such a thing in his shed'
/** What is said in the story, and in no leaf. */
export const SAID = [ERASED_PROMPT, REPORT_TEXT, TEXT, ALLOWED, FORBIDDEN]
const [HELD, DENIED] = [{ weapons: 0.95 }, { 'violence/graphic': 0.99 }] as const satisfies Scores[]
const CLAUSES = { held: 'weapons/2', denied: 'violence/graphic/3' } as const
const CLIENTS = ['client', 'second_client'] as const satisfies Client[]

type Chapters = Awaited<ReturnType<typeof tellChapters>>

export async function tellStory(stage: Stage): Promise<{ cast: Told[]; chapters: Chapters }> {
  const chapters = await tellChapters(stage)
  const cast = Object.values(chapters)
  for (const { count, end } of CROWD)
    for (let i = 0; i < count; i++) cast.push(await end(stage, CLIENTS[i % 2] ?? 'client'))
  await stage.court.finish()
  return { cast, chapters }
}

/** In this order, since people judge what is next in the queue. */
async function tellChapters(stage: Stage) {
  const [one, other] = CLIENTS
  return {
    overturned: await appealed(stage, one, 'allow'),
    upheld: await appealed(stage, other, 'deny'),
    takenBack: await takenBack(stage, one),
    deniedByPerson: await judged(stage, other, 'deny'),
    allowedByPerson: await judged(stage, one, 'allow'),
    reported: await reported(stage, other),
    withdrawn: await withdrawn(stage, one),
    erased: await erased(stage, other),
    edited: told(await stage.edited(), one, ['published']),
    traced: told((await stage.published(other, { large: true })).requestId, other, ['published']),
    cancelledMidway: await cancelledMidway(stage, one),
    mixed: await mixed(stage, other),
  }
}

type End = (stage: Stage, as: Client) => Promise<Told>
const CROWD: readonly { count: number; end: End }[] = [
  {
    count: 78,
    end: async ({ order }, as) => {
      const { id } = await order(as, { prompt: FORBIDDEN })
      return told(id, as, ['cancelled'], { state: 'refused', restrictions: 1 })
    },
  },
  {
    count: 30,
    end: async ({ drawn }, as) => told((await drawn(as, [DENIED])).requestId, as, ['denied'], { restrictions: 1 }),
  },
  { count: 28, end: async ({ drawn }, as) => told((await drawn(as, [HELD])).requestId, as, ['held']) },
  { count: 10, end: async ({ drawn }, as) => told((await drawn(as, [{}])).requestId, as, ['published']) },
  {
    count: 22,
    end: async ({ order, cancel }, as) => {
      const { id } = await order(as, { prompt: ALLOWED })
      await cancel(as, id)
      return told(id, as, ['cancelled'], { state: 'cancelled' })
    },
  },
  {
    count: 12,
    end: async ({ order, court }, as) => {
      const { id } = await order(as, { prompt: ALLOWED })
      await failWhole(court.service, id, 'timeout')
      return told(id, as, ['failed'], { state: 'failed' })
    },
  },
  {
    count: 8,
    end: async ({ order }, as) => told((await order(as, { prompt: ALLOWED })).id, as, ['planned'], { state: 'queued' }),
  },
]

/** A denial by software, appealed: two people who had no part in it look at the picture. */
async function appealed(stage: Stage, as: Client, outcome: 'allow' | 'deny'): Promise<Told> {
  const { requestId, imageId } = await stage.drawn(as, [DENIED])
  await stage.appeal(as, (await stage.call(as, `/v1/images/${imageId}`)).body.statement.id)
  for (const who of ['ada', 'ben'] as const) await stage.rule(who, outcome, CLAUSES.denied)
  await stage.court.finish()
  return outcome === 'allow'
    ? told(requestId, as, ['published'], { restrictions: 1, appeals: ['overturned'] })
    : told(requestId, as, ['denied'], { restrictions: 1, appeals: ['upheld'] })
}

async function takenBack(stage: Stage, as: Client): Promise<Told> {
  const { id, statement } = await stage.order(as, { prompt: FORBIDDEN })
  const { status } = await stage.post(as, `/v1/appeals/${await stage.appeal(as, statement.id)}/withdraw`, {})
  assert.equal(status, 200)
  return told(id, as, ['cancelled'], { state: 'refused', restrictions: 1, appeals: ['withdrawn'] })
}

async function judged(stage: Stage, as: Client, outcome: 'allow' | 'deny'): Promise<Told> {
  const { requestId } = await stage.drawn(as, [HELD])
  await stage.rule('cleo', outcome, CLAUSES.held)
  await stage.court.finish()
  return outcome === 'allow' ? told(requestId, as, ['published']) : told(requestId, as, ['denied'], { restrictions: 1 })
}

async function reported(stage: Stage, as: Client): Promise<Told> {
  const { requestId, imageId } = await stage.published(as)
  const report = { image_id: imageId, category: 'weapons', text: REPORT_TEXT }
  assert.equal((await stage.post(null, '/v1/reports', report)).status, 202)
  await stage.rule('dev', 'deny', CLAUSES.held)
  return told(requestId, as, ['withdrawn'], { restrictions: 1 })
}

async function withdrawn(stage: Stage, as: Client): Promise<Told> {
  const { requestId, imageId } = await stage.published(as)
  assert.equal((await stage.call(as, `/v1/images/${imageId}/withdraw`, { method: 'POST' })).status, 200)
  return told(requestId, as, ['withdrawn'], { restrictions: 1 })
}

async function erased(stage: Stage, as: Client): Promise<Told> {
  const { requestId } = await stage.published(as, { prompt: ERASED_PROMPT })
  assert.equal((await stage.call(as, `/v1/generations/${requestId}`, { method: 'DELETE' })).status, 204)
  return told(requestId, as, ['published'])
}

async function cancelledMidway(stage: Stage, as: Client): Promise<Told> {
  const { requestId } = await stage.drawn(as, [{}, HELD])
  await stage.cancel(as, requestId)
  return told(requestId, as, ['cancelled', 'held'], { state: 'cancelled' })
}

async function mixed(stage: Stage, as: Client): Promise<Told> {
  const { requestId } = await stage.drawn(as, [{}, DENIED, HELD])
  await stage.court.finish()
  return told(requestId, as, ['published', 'denied', 'held'], { restrictions: 1 })
}

type More = Partial<Pick<Told, 'state' | 'restrictions' | 'appeals'>>

function told(requestId: string, as: Client, images: ImageState[], more: More = {}): Told {
  return { requestId, as, state: 'done', images, restrictions: 0, appeals: [], ...more }
}
