// `/verify`, for everybody: the page, the answer to its form, and what is said of an answer. All of it works without script.

import type { FastifyRequest } from 'fastify'
import { problemOf } from '../../http/problems.ts'
import { answerPublic, largestBody, type PublicCheck } from '../../http/strangers-picture.ts'
import { Fault } from '../../kernel/fault.ts'
import type { Ground } from '../../kernel/ground.ts'
import { type Feedback, keepFeedback } from '../../mark/feedback.ts'
import { VERDICTS } from '../../mark/verdict.ts'
import type { ConsoleOptions } from '../console.ts'
import type { Frame, Page } from '../frame.ts'
import type { Html } from '../html.ts'
import { feedbackSaid, uncheckedAnswer, verifiedAnswer } from '../pages/verified.ts'
import { verifyPage as verifyBody } from '../pages/verify.ts'

/** What the page asks; without it the page says what it is, and asks nothing. */
export type VerifyTools = { readonly check: PublicCheck; readonly ground: Pick<Ground, 'config' | 'database' | 'log'> }

export function verifyPages(frame: Frame, { reportCategories = [], verify }: ConsoleOptions): void {
  const urls = verify?.ground.config.provenance.urls === 'on'
  const drawn = (answer?: Html, status = 200): Page => ({
    title: 'Was this made here?',
    body: verifyBody({ categories: reportCategories, urls, ...(answer === undefined ? {} : { answer }) }),
    modules: ['verify.ts'],
    status,
  })
  frame.open('/verify', () => drawn())
  if (verify === undefined) return
  const { check, ground } = verify
  const { config, database, log } = ground

  const answering = async (request: FastifyRequest, does: () => Promise<Page>): Promise<Page> => {
    try {
      return await does()
    } catch (error) {
      const { status, detail } = problemOf(error, { bodyBytes: config.limits.bodyBytes })
      if (status >= 500) log.error({ error, requestId: request.id }, 'a picture could not be checked')
      return drawn(uncheckedAnswer(status, detail), status)
    }
  }
  frame.asks('/verify', largestBody(config), (_context, request) =>
    answering(request, async () => drawn(verifiedAnswer((await answerPublic(check, ground, request, 'page')).answer))),
  )
  frame.asks('/verify/feedback', config.limits.bodyBytes, (_context, request) =>
    answering(request, async () => {
      await keepFeedback(database.sql, readFeedback(request.body))
      return drawn(feedbackSaid(config.provenance.feedbackDays))
    }),
  )
}

/** Fault: invalid_request. */
function readFeedback(body: unknown): Feedback {
  const fields = body instanceof URLSearchParams ? body : new URLSearchParams()
  const verdict = VERDICTS.find((one) => one === fields.get('verdict'))
  const agrees = fields.get('agrees')
  const text = (fields.get('text') ?? '').trim()
  if (verdict === undefined || (agrees !== 'true' && agrees !== 'false'))
    throw new Fault('invalid_request', { field: 'agrees', detail: 'say whether an answer was right' })
  return { verdict, agrees: agrees === 'true', text: text === '' ? null : text }
}
