// Finding a picture, all that happened to it, and the proof of each row, as pages. All of it works without script.

import type { FastifyRequest } from 'fastify'
import { type Asked, type Finding, find } from '../../audit/find.ts'
import { askedByKey, NOTHING_BY_PICTURE, nothingByKey } from '../../audit/find-words.ts'
import { readHistory } from '../../audit/history.ts'
import { hashLeaf } from '../../audit/merkle.ts'
import { rowReceipt } from '../../audit/receipts.ts'
import { findPicture } from '../../http/find-picture.ts'
import { type Problem, problemOf } from '../../http/problems.ts'
import { receiptParts } from '../../http/routes/receipts.ts'
import { largestBody } from '../../http/strangers-picture.ts'
import { canonical } from '../../kernel/canonical.ts'
import { Fault } from '../../kernel/fault.ts'
import { LOG_DUE_TOPIC } from '../../kernel/ground.ts'
import type { Frame, Page } from '../frame.ts'
import type { Html } from '../html.ts'
import { comeBackTo, findPage, foundAnswer, notFound } from '../pages/audit/find.ts'
import { historyPage } from '../pages/audit/history.ts'
import { rowPage } from '../pages/audit/row.ts'
import { AUDITORS, type AuditTools } from './audit-tools.ts'

export function auditFindPages(frame: Frame, { ground, transparency, check }: AuditTools): void {
  const { config, database, log } = ground
  const { sql } = database
  const drawn = (q: string, answer: Html | null, status = 200): Page => ({
    title: 'Find a picture',
    body: findPage({ q, answer }),
    modules: ['audit.ts'],
    status,
  })
  const refused = (q: string, { status, detail }: Problem): Page =>
    drawn(q, notFound(TITLES[status] ?? 'It could not be looked up', sentence(detail)), status)
  /** What could not be answered is said in the answer's place. */
  const answering = async (request: FastifyRequest, q: string, does: () => Promise<Page>): Promise<Page> => {
    try {
      return await does()
    } catch (error) {
      const problem = problemOf(error, { bodyBytes: config.limits.bodyBytes })
      if (problem.status >= 500)
        log.error({ error, requestId: request.id }, 'a question of an audit could not be answered')
      return refused(q, problem)
    }
  }

  const search: Parameters<Frame['closed']>[2] = (_context, request) => {
    const { q = '', id, found } = Object(request.query)
    if (typeof id === 'string' && id !== '') return { elsewhere: `/audit/history/${encodeURIComponent(id)}` }
    if (typeof found === 'string')
      return answering(request, '', async () => drawn('', comeBackTo(await find(sql, askedAgain(found)), new Date())))
    if (typeof q !== 'string' || q === '') return drawn('', null)
    return answering(request, q, async () => {
      const asked = askedByKey(q)
      const findings = await find(sql, asked)
      return drawn(q, foundAnswer({ findings, nothing: nothingByKey(asked), verification: null, now: new Date() }))
    })
  }
  frame.closed('/audit', AUDITORS, search, (problem) => refused('', problem))

  frame.takes('/audit', AUDITORS, largestBody(config), (_context, request) =>
    answering(request, '', async () => {
      const { findings, ...verification } = await findPicture(check, ground, request)
      const again = addressOf(findings)
      return drawn('', foundAnswer({ findings, nothing: NOTHING_BY_PICTURE, verification, again, now: new Date() }))
    }),
  )

  frame.closed('/audit/history/:id', AUDITORS, (_context, request) => {
    const { id = '' } = Object(request.params)
    const after = afterIn(request)
    return answering(request, id, async () => {
      const history = await readHistory(sql, id, after)
      return {
        title: `History of ${id}`,
        body: historyPage({ history, first: after === '0' }),
        modules: ['audit-history.ts'],
      }
    })
  })

  frame.closed('/audit/rows/:index', AUDITORS, (_context, request) => {
    const { index = '' } = Object(request.params)
    return answering(request, '', async () => {
      if (!/^(0|[1-9]\d{0,15})$/.test(index))
        throw new Fault('not_found', { detail: 'an index of the log is a number from 0' })
      const receipt = await rowReceipt(sql, transparency, Number(index)).catch((error: unknown) => {
        // Somebody waits for it now.
        ground.bell.tell(LOG_DUE_TOPIC, {})
        throw error
      })
      const { row, proof, checkpoint, key } = await receiptParts({ ground, transparency }, receipt)
      const leafHash = hashLeaf(Buffer.from(canonical(row.entry))).toString('hex')
      const body = rowPage({ index: Number(index), leafHash, row, proof, checkpoint, key })
      return { title: `Row ${index} of the log`, body, modules: ['audit-proof.ts'] }
    })
  })
}

/** More than any picture leads to. */
const MOST_AGAIN = 50

const TITLES: Readonly<Record<number, string>> = {
  400: 'That cannot be looked for',
  403: 'A restricted case',
  404: 'Nothing found',
  409: 'Not in a signed tree yet',
  413: 'That picture is too big',
  415: 'That is not a picture we can read',
}

/** Where the records are found again that a picture led to, by their ids alone; null: none may be named. */
function addressOf(findings: readonly Finding[]): string | null {
  const ids = findings.flatMap(({ image_id, request_id }) => image_id ?? request_id ?? [])
  return ids.length === 0 ? null : `/audit?found=${ids.join('.')}`
}

/** Fault: invalid_request. */
function askedAgain(found: string): Asked[] {
  const ids = found.split('.')
  if (ids.length > MOST_AGAIN)
    throw new Fault('invalid_request', { detail: `the address names ${ids.length} records; ${MOST_AGAIN} at the most` })
  return [...new Set(ids)].flatMap(askedByKey)
}

/** What does not fit is as if it was not asked. */
function afterIn(request: FastifyRequest): string {
  const { after } = Object(request.query)
  return typeof after === 'string' && /^\d{1,18}$/.test(after) ? after : '0'
}

function sentence(text: string): string {
  const begun = `${text.charAt(0).toUpperCase()}${text.slice(1)}`
  return begun.endsWith('.') ? begun : `${begun}.`
}
