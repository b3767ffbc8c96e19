// Everybody of the story of an appeal, as they speak to the API: clients, four reviewers and their lead, the bearer of a link, and the
// endpoint that a tenant listens at. The court (court.ts) is the service that they speak to.
import assert from 'node:assert/strict'
import { claimDue, deliver } from '../../src/notify/deliver.ts'
import { ALLOWED, json } from '../http/service.ts'
import type { Receiver } from '../notify/receiver.ts'
import type { Court, ReviewerName, Scores } from './court.ts'

export const UNDO_SECONDS = 61
export const BEHEADING = 'a soldier beheading a man, blood everywhere'
export const TEXT = 'This is an illustration for our textbook of surgery.'
const WEBHOOK_TOOLS = { key: Buffer.alloc(32, 5), resolve: async () => ['127.0.0.1'] }

export type Who = ReviewerName | 'lead' | 'client' | 'second_client' | 'admin' | null
const FIXTURE_KEYS: readonly Who[] = ['client', 'second_client', 'admin', null]

function reviewerName(who: Who): ReviewerName {
  if (who === 'ada' || who === 'ben' || who === 'cleo' || who === 'dev') return who
  throw new TypeError('no reviewer')
}

export function openVoices(court: Court, receiver: Receiver | null = null) {
  async function call(who: Who, path: string, init: RequestInit = {}) {
    const own = FIXTURE_KEYS.includes(who) || who === null ? {} : { authorization: `Bearer ${keyOf(who)}` }
    const as = FIXTURE_KEYS.includes(who) ? who : null
    const headers = { ...Object.fromEntries(new Headers(init.headers)), ...own }
    const response = await court.service.call(path, { ...init, as, headers })
    const text = await response.text()
    return { status: response.status, headers: response.headers, body: text === '' ? null : JSON.parse(text) }
  }
  const keyOf = (who: Who) => court.keyOf(who === 'lead' ? 'lead' : reviewerName(who))
  const post = (who: Who, path: string, body: object, headers: Record<string, string> = {}) =>
    call(who, path, json(body, headers))

  /** The reviewer's next item; null when there is none. */
  async function next(who: Who) {
    const { status, body } = await post(who, '/v1/review/next', {})
    if (status === 204) return null
    assert.equal(status, 200, JSON.stringify(body))
    return body
  }

  /** Takes the next item and decides it. */
  async function judge(who: Who, outcome: 'allow' | 'deny', clause?: string) {
    const claimed = await next(who)
    assert.ok(claimed, `${who} finds something to do`)
    const findings = claimed.item.subject.kind === 'prompt' ? {} : firstOf(clause)
    const verdict = outcome === 'allow' ? { outcome, reason: 'medical_use' } : { outcome, clause, findings }
    const lease = claimed.lease.token
    const decided = await post(who, `/v1/review/items/${claimed.item.id}/decide`, { lease, ...verdict })
    assert.equal(decided.status, 200, JSON.stringify(decided.body))
    return claimed.item
  }

  /** The first phrase of every finding that a clause needs. */
  function firstOf(clause = ''): Record<string, string> {
    const { findings = new Map<string, readonly string[]>() } = court.policy.clauses.get(clause)?.statement ?? {}
    return Object.fromEntries([...findings].map(([place, phrases]) => [place, phrases[0] ?? '']))
  }

  async function order(prompt: string, scores: Scores | null) {
    const { body } = await post('client', '/v1/generations', { prompt })
    if (scores === null) return { requestId: body.id, imageId: '', statement: body.statement }
    const [imageId = ''] = await court.develop(body.id, [scores])
    const image = await call('client', `/v1/images/${imageId}`)
    return { requestId: body.id, imageId, statement: image.body.statement }
  }
  const denied = () => order(ALLOWED, { 'violence/graphic': 0.99 })
  const refused = () => order(BEHEADING, null)
  const appealOf = (statementId: string, more: object = {}) =>
    post('client', '/v1/appeals', { statement_id: statementId, text: TEXT, ...more })

  /** The bodies that the tenant's endpoint heard, by type. */
  async function heard(type: string) {
    const never = new AbortController().signal
    for (let due = await claimDue(court.ground, 50, 50); due.length > 0; due = await claimDue(court.ground, 50, 50))
      for (const claimed of due) await deliver(court.ground, WEBHOOK_TOOLS, claimed, never)
    return (receiver?.heard ?? []).map((one) => JSON.parse(one.body)).filter((one) => one.type === type)
  }

  return { call, post, next, judge, firstOf, order, denied, refused, appealOf, heard }
}
