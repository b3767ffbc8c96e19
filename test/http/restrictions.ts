// Restrictions of every kind, by the dozen: requests through the real admission, whose prompts are put together from the policy's own
// phrases, and images that software denies, that a person denies after a hold, that are taken back after a notice or by their owner.
import { readFile } from 'node:fs/promises'
import { parse } from 'yaml'
import { screenPrompt } from '../../src/admit/screen.ts'
import { advance, type ImageMove, type Statement as Stated } from '../../src/advance.ts'
import { openJudge } from '../../src/commands/judge.ts'
import { asJson } from '../../src/kernel/canonical.ts'
import type { Tx } from '../../src/kernel/database.ts'
import { newId } from '../../src/kernel/ids.ts'
import { settleRequest } from '../../src/outcome.ts'
import type { Clause, ModerationPolicy } from '../../src/policy/policy.ts'
import { writeOwnerStatement } from '../../src/statement/owner.ts'
import { type Statement, type StatementInput, writeStatement } from '../../src/statement/statement.ts'
import { ALLOWED, type Service } from './service.ts'

export const ENDS = ['denied', 'denied_by_person', 'withdrawn_by_owner', 'withdrawn_by_notice', 'published'] as const
export type End = (typeof ENDS)[number]
type Ordered = { prompt: string; negativePrompt?: string }

const DAY_MS = 86_400_000
const CLASSIFIER = { id: 'storybook-eye', version: '1.0.0', digest: 'e'.repeat(64) }
const POLICY_FILE = 'policies/moderation.yaml'
const PLACES = ['a harbour', 'a square in the rain', 'a room without windows', 'a field at noon', 'a long corridor']

/** For every clause that refuses at input, prompts that it refuses. */
export async function refusedPrompts(policy: ModerationPolicy): Promise<Map<string, Ordered[]>> {
  const { lists } = parse(await readFile(POLICY_FILE, 'utf8'))
  const phrases = (list: string): string[] =>
    Object.values<string[]>(lists[list].phrases).flat().slice(0, 40).map(spoken)
  const found = new Map<string, Ordered[]>()
  for (const clause of policy.clauses.values()) {
    if (clause.input === null || clause.input.action === 'allow') continue
    const made = candidates(clause.input.when.lists, phrases).filter((asked) => {
      const screened = screenPrompt(policy, { ...asked, tenant: 't' })
      return screened.verdict === 'refuse' && screened.clause === clause.id
    })
    found.set(clause.id, made)
  }
  return found
}

/** One way to say a phrase of the policy: `a|b` as a, `beginning*` as it begins, without what is optional. */
function spoken(phrase: string): string {
  const words = phrase.split(/\s+/).filter((word) => !/^~\d|\?$/.test(word))
  return words.map((word) => (word.split('|')[0] ?? '').replace('*', '')).join(' ')
}

function candidates(lists: readonly string[], phrases: (list: string) => string[]): Ordered[] {
  const clothing = lists.includes('clothing_words')
  if (clothing)
    return phrases('person_words').flatMap((person) =>
      phrases('clothing_words').map((word) => ({ prompt: `a ${person} in ${PLACES[0]}`, negativePrompt: word })),
    )
  return lists.flatMap((list) =>
    phrases(list).flatMap((phrase) => PLACES.map((place) => ({ prompt: `${phrase} in ${place}` }))),
  )
}

/** Orders of one picture, admitted and taken to their ends, which come in turn. */
export async function takeToEnds(service: Service, count: number): Promise<Record<End, number>> {
  const made = { denied: 0, denied_by_person: 0, withdrawn_by_owner: 0, withdrawn_by_notice: 0, published: 0 }
  const cited = [...service.policy.clauses.values()].filter(
    ({ statement }) => statement?.facts.output && statement.redress === 'full',
  )
  for (let index = 0; index < count; index++) {
    const end = ENDS[index % ENDS.length] ?? 'published'
    const clause = cited[Math.floor(index / ENDS.length) % cited.length]
    if (clause === undefined) throw new Error('the policy cites nothing at output')
    const { requestId } = await service.admit({ prompt: ALLOWED })
    await service.ground.database.transact((tx) => takeToEnd(tx, service.policy, requestId, end, clause))
    made[end]++
  }
  return made
}

async function takeToEnd(tx: Tx, policy: ModerationPolicy, requestId: string, end: End, clause: Clause): Promise<void> {
  const request = await tx
    .selectFrom('darkroom.request')
    .selectAll()
    .where('id', '=', requestId)
    .executeTakeFirstOrThrow()
  const image = await tx
    .selectFrom('darkroom.image')
    .selectAll()
    .where('request_id', '=', requestId)
    .executeTakeFirstOrThrow()
  const tenantId = request.tenant_id
  const facts = {}
  await advance(tx, {
    subject: 'request',
    id: requestId,
    tenantId,
    from: 'queued',
    version: request.version,
    to: 'generating',
    facts,
  })
  let version = image.version
  const move = async (from: ImageMove['from'], to: ImageMove['to'], more: Partial<ImageMove> = {}) =>
    advance(tx, { subject: 'image', id: image.id, tenantId, from, to, version: version++, facts, ...more })
  await move('planned', 'generated', { set: { generated_digest: 'd' } })
  const verdict = JSON.stringify({ verdict: end === 'published' ? 'allow' : 'deny', classifiers: [CLASSIFIER] })
  const contentDate = image.created_at
  if (end === 'denied') await move('generated', 'denied', { set: { verdict }, statement: denial(policy, image.id) })
  else if (end === 'denied_by_person') {
    await move('generated', 'held', { set: { verdict } })
    const found = person(policy, clause, image.id, { detection: 'automated', contentDate })
    await move('held', 'denied', { statement: stored(found, ['per_someone']) })
  } else {
    await move('generated', 'cleared', { set: { verdict } })
    await move('cleared', 'marked', { set: { marked: '{}', manifest_id: image.id } })
    const set = { object_key: `${image.id}.png`, size_bytes: 1000, published_at: new Date() }
    await move('marked', 'published', { set })
    const id = newId('sor')
    const decidedAt = new Date()
    if (end === 'withdrawn_by_owner')
      await move('published', 'withdrawn', {
        statement: stored(writeOwnerStatement({ id, policy, imageId: image.id, decidedAt, contentDate }), []),
      })
    if (end === 'withdrawn_by_notice') {
      const found = person(policy, clause, image.id, {
        detection: 'notice',
        restriction: 'image_withdrawn',
        contentDate,
      })
      await move('published', 'withdrawn', { statement: stored(found, ['per_someone']) })
    }
  }
  await settleRequest(tx, requestId)
}

/** Software's own, of the scores of its classifiers. */
function denial(policy: ModerationPolicy, imageId: string): Stated {
  const categories = { weapons: 0.01, 'violence/graphic': 0.95, sexual: 0.9 }
  const asked = { prompt: ALLOWED, negativePrompt: null, promptSyntax: 'plain' } as const
  const context = { tenantId: 't', settings: null, purpose: null, ...asked }
  const judged = openJudge(policy, 183)({ categories, classifiers: [CLASSIFIER], opinions: [] }, context).state({
    imageId,
    contentDate: null,
    decidedAt: new Date(),
  })
  if ('hold' in judged) throw new Error('the statement is incomplete')
  return judged.statement
}

export function person(
  policy: ModerationPolicy,
  clause: Clause,
  imageId: string,
  more: Partial<StatementInput>,
): Statement {
  const decidedAt = new Date()
  return writeStatement({
    id: newId('sor'),
    policy,
    stage: 'output',
    subject: { kind: 'image', id: imageId },
    decision: {
      clause: clause.id,
      category: clause.category,
      categories: [clause.category],
      band: 'borderline',
      policy: { id: policy.id, version: policy.version, digest: policy.digest },
    },
    // The first of what a person may choose.
    findings: Object.fromEntries(
      [...(clause.statement?.findings ?? [])].map(([place, phrases]) => [place, phrases[0] ?? '']),
    ),
    detection: 'automated',
    decidedBy: 'person',
    classifiers: more.detection === 'notice' ? [] : [CLASSIFIER],
    decidedAt,
    appealUntil: new Date(decidedAt.getTime() + 183 * DAY_MS),
    ...more,
  })
}

function stored(statement: Statement, decidedBy: readonly string[]): Stated {
  const { redress } = statement
  const appealUntil = new Date(redress.kind === 'full' ? redress.appealUntil : statement.decidedAt)
  return { id: statement.id, appealUntil, record: asJson(statement), decidedBy }
}
