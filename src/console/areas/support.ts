// Pages for a tenant's own support people: what was decided about their users' requests, and how the appeals stand.

import type { FastifyRequest } from 'fastify'
import { baseUrlOf } from '../../http/access.ts'
import type { Ground } from '../../kernel/ground.ts'
import { type Bearers, publicPath } from '../../statement/bearer.ts'
import { LISTED, listStandings } from '../../statement/standing.ts'
import { tallyOf } from '../../statement/tally.ts'
import type { Frame } from '../frame.ts'
import { type Asked, decisionsPage } from '../pages/decisions.ts'

const PAGE = 25
const STATEMENT_ID = /^sor_\w{1,60}$/

export function supportPages(frame: Frame, ground: Ground, bearers: Bearers): void {
  frame.closed('/decisions', ['client'], async ({ session: { tenantId } }, request) => {
    const { asked, after } = askedOf(request)
    const filter = { state: asked.state, about: asked.about === '' ? null : asked.about }
    const tally = await tallyOf(ground.database.sql, tenantId)
    const { rows, hasMore } = await listStandings(ground.database.sql, tenantId, filter, { limit: PAGE, after })
    const base = baseUrlOf(ground, request)
    const listed = rows.map((standing) => {
      const path = publicPath(bearers, standing.statement)
      return { ...standing, link: path && `${base}${path}` }
    })
    const next = hasMore ? (rows.at(-1)?.statement.id ?? null) : null
    const page = { asked, tally, rows: listed, next, first: after === null, now: new Date() }
    return { title: 'Decisions', body: decisionsPage(page), modules: ['decisions.ts'] }
  })
}

/** What does not fit is as if it was not asked. */
function askedOf(request: FastifyRequest): { asked: Asked; after: string | null } {
  const { state, about, after } = Object(request.query)
  return {
    asked: {
      state: LISTED.find((one) => one === state) ?? null,
      about: typeof about === 'string' ? about.trim().slice(0, 100) : '',
    },
    after: typeof after === 'string' && STATEMENT_ID.test(after) ? after : null,
  }
}
