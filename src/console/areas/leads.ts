// Pages for those who run the desk: the queue as pictures, routing, quality, people. Each is drawn whole from the same reads as the API's;
// modules/leads/ changes what changed in place.

import type { FastifyRequest } from 'fastify'
import { isFault } from '../../kernel/fault.ts'
import { readLoad, whoMay } from '../../review/load.ts'
import { listReviewers } from '../../review/people.ts'
import { peopleOf, readPeople, readQuality } from '../../review/quality.ts'
import { type Period, periodOf } from '../../review/quality-rows.ts'
import { wholeQueue } from '../../review/queue.ts'
import type { Reviewer } from '../../review/reviewer.ts'
import { routingChoices } from '../../review/routing-choices.ts'
import type { ConsoleOptions, ConsoleSession } from '../console.ts'
import type { Frame, Page } from '../frame.ts'
import { html } from '../html.ts'
import { peoplePage } from '../pages/leads/people.ts'
import { ownQualityPage, qualityPage } from '../pages/leads/quality.ts'
import { queuePage } from '../pages/leads/queue.ts'
import { routingPage } from './routing.ts'

type Desk = NonNullable<ConsoleOptions['desk']>

const ITEMS = 25

export function leadPages(frame: Frame, desk: Desk): void {
  queuePages(frame, desk)
  qualityPages(frame, desk)
  peoplePages(frame, desk)
  routingPage(frame, desk)
}

function queuePages(frame: Frame, { ground, review }: Desk): void {
  const { sql } = ground.database
  frame.closed('/review/queue', ['lead'], async ({ session }, request) => {
    const lead = reviewerIn(session)
    if (lead === null) return NOBODYS
    try {
      const queue = await wholeQueue(sql, lead, { limit: ITEMS, after: queryOf(request, 'after') })
      const load = await readLoad(sql, lead)
      const may = await whoMay(
        sql,
        queue.items.map((item) => item.id),
      )
      const body = queuePage({ queue, load, may, policy: review.policy, after: queryOf(request, 'after') })
      return { title: 'Queue', body, modules: ['leads/live.ts', 'leads/forms.ts'] }
    } catch (error) {
      // The page that was asked for begins at nothing there is.
      if (isFault(error, 'invalid_request') || isFault(error, 'not_found')) return { elsewhere: '/review/queue' }
      throw error
    }
  })
}

function qualityPages(frame: Frame, { ground, review }: Desk): void {
  const { sql } = ground.database
  const { policy } = review
  frame.closed('/review/quality', ['lead', 'reviewer'], async ({ session }, request) => {
    const reviewer = reviewerIn(session)
    if (reviewer === null) return NOBODYS
    const asked = await periodAsked(request)
    const [own] = await readPeople(sql, [reviewer.personId], asked.period)
    if (own === undefined) throw new TypeError('whoever is asked for has a row')
    const modules = ['leads/forms.ts']
    if (!reviewer.lead) return { title: 'Quality', body: ownQualityPage(asked, own), modules }
    const led = await peopleOf(sql, reviewer.personId)
    const people = led.length === 0 ? [] : await readPeople(sql, led, asked.period)
    const quality = await readQuality(sql, policy, asked.period)
    const names = new Map((await listReviewers(sql)).map(({ person_id, name }) => [person_id, name]))
    return { title: 'Quality', body: qualityPage({ ...asked, quality, own, people, names, policy }), modules }
  })

  /** The period of the query; where that is none, the usual one, and what was wrong. */
  async function periodAsked(request: FastifyRequest): Promise<{ period: Period; problem: string | null }> {
    const [from, to] = [queryOf(request, 'from') ?? undefined, queryOf(request, 'to') ?? undefined]
    try {
      return { period: await periodOf(sql, { from, to }), problem: null }
    } catch (error) {
      if (!isFault(error, 'invalid_request')) throw error
      return { period: await periodOf(sql, {}), problem: error.message }
    }
  }
}

function peoplePages(frame: Frame, { ground, review }: Desk): void {
  const { sql } = ground.database
  frame.closed('/review/people', ['lead', 'admin'], async ({ session }, request) => {
    const people = await listReviewers(sql)
    const choices = await routingChoices(sql, review.policy, [])
    const by = { personId: session.personId, admin: session.roles.includes('admin') }
    const body = peoplePage({ people, choices, by, editing: queryOf(request, 'edit'), now: new Date() })
    return { title: 'People', body, modules: ['leads/forms.ts'] }
  })
}

function reviewerIn({ personId, roles }: ConsoleSession): Reviewer | null {
  return personId === null ? null : { personId, lead: roles.includes('lead') }
}

const NOBODYS: Page = {
  title: 'A key of nobody',
  status: 403,
  body: html`<section class="lead"><h1>People review, and this key belongs to nobody</h1>
<p>An administrator makes a key for a person: <code>darkroom keys create --person</code>.</p></section>`,
}

function queryOf(request: FastifyRequest, name: string): string | null {
  const value = Object(request.query)[name]
  return typeof value === 'string' && value !== '' ? value : null
}
