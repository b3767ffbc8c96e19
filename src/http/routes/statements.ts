// Statements of reasons: the whole record behind a restriction, for the tenant that it was told to and for whoever bears its link; and a
// tenant's list of them, with how each appeal stands.
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Fault } from '../../kernel/fault.ts'
import { type Bearers, publicPath } from '../../statement/bearer.ts'
import { statementJson } from '../../statement/outputs.ts'
import { EN } from '../../statement/speech/en.ts'
import { type AppealState, getStanding, listStandings, type Standing } from '../../statement/standing.ts'
import { type Tongue, translated } from '../../statement/translate.ts'
import { baseUrlOf, callerOf, challenge, SECRET_HEADER } from '../access.ts'
import type { App } from '../app.ts'
import { readCursor, writeCursor } from '../cursors.ts'
import type { RouteDeps } from '../deps.ts'
import { IdParams, problems } from '../schemas.ts'
import {
  LanguageQuery,
  PAGE,
  StatementPage,
  StatementQuery,
  type StatementResource,
  StatementSchema,
} from '../statement-schemas.ts'

export function statementRoutes(app: App, { ground, admission, statements, tongues }: RouteDeps): void {
  const { sql } = ground.database
  const tags = ['statements']

  app.get(
    '/v1/statements',
    {
      config: { access: ['client'] },
      schema: {
        tags,
        summary: 'Statements of this tenant, newest first',
        description: 'What was refused, withheld or taken back, with how the appeal against each stands.',
        querystring: StatementQuery,
        response: { 200: StatementPage, ...problems(400, 401, 403, 429, 503) },
      },
    },
    async (request, reply) => {
      const { tenantId } = callerOf(request)
      const { limit = PAGE.usual, after, state = null, about = null } = request.query
      const bound = { list: 'statements', tenant: tenantId, state, about }
      const from = after === undefined ? null : readCursor(admission.userSecret, bound, after)
      const { rows, hasMore } = await listStandings(sql, tenantId, { state, about }, { limit, after: from })
      const base = baseUrlOf(ground, request)
      const last = rows.at(-1)?.statement.id
      return reply.send({
        object: 'list' as const,
        data: rows.map((row) => statementRow(row, statements, base)),
        has_more: hasMore,
        next: hasMore && last !== undefined ? writeCursor(admission.userSecret, bound, last) : null,
      })
    },
  )

  app.get(
    '/v1/statements/:id',
    {
      config: { access: 'bearer', limit: 'strangers' },
      schema: {
        tags,
        summary: 'A statement of reasons',
        description:
          'For a client of the tenant that it was told to; and, without any key, for whoever sends the secret of its link. With `lang` it is said in that language; the sentences without it are what was decided.',
        params: IdParams,
        querystring: LanguageQuery,
        response: { 200: StatementSchema, ...problems(400, 401, 403, 404, 429, 503) },
      },
    },
    async (request, reply) => {
      const { id } = request.params
      const tenantId = bears(request, statements, id) ? null : clientOf(request, reply)
      const standing = await getStanding(sql, id, tenantId)
      const path = publicPath(statements, standing.statement)
      const told = tenantId === null ? {} : { public_url: path && `${baseUrlOf(ground, request)}${path}` }
      const said = sayIn(tongues(request.query.lang ?? EN.language), standing)
      const { replacedBy } = standing
      reply.header('content-language', [said.language, ...(said.quoted.length > 0 ? [EN.language] : [])].join(', '))
      return reply.send({
        ...said,
        appeal_url: standing.statement.redress.kind === 'full' ? path : null,
        ...told,
        replaced_by: replacedBy,
        replaced_by_url: replacedBy === null ? null : `/statements/${replacedBy}#${statements.secretOf(replacedBy)}`,
      })
    },
  )
}

type Said = Omit<StatementResource, 'appeal_url' | 'public_url' | 'replaced_by' | 'replaced_by_url'>

function sayIn(tongue: Tongue, { statement, appeal }: Standing): Said {
  const { language } = tongue.speech
  const { statement: said, quoted } = translated(statement, tongue)
  const answered = sayAnswer(tongue, appeal)
  return {
    ...statementJson(said, tongue.speech),
    language,
    translated: language !== EN.language,
    quoted: [...quoted, ...answered.quoted],
    appeal: answered.appeal,
  }
}

function sayAnswer({ say }: Tongue, appeal: AppealState | null): { appeal: AppealState | null; quoted: string[] } {
  if (appeal?.answer == null) return { appeal, quoted: [] }
  const text = say(appeal.answer.text)
  if (text === null) return { appeal, quoted: ['appeal.answer.text'] }
  return { appeal: { ...appeal, answer: { ...appeal.answer, text } }, quoted: [] }
}

function statementRow({ statement, appeal, replacedBy }: Standing, bearers: Bearers, base: string) {
  const { id, subject, category, categoryName, clause, restriction, redress } = statement
  const path = publicPath(bearers, statement)
  return {
    id,
    object: 'statement' as const,
    subject: { kind: subject.kind, id: subject.id },
    category,
    category_name: categoryName,
    clause,
    restriction,
    decided_at: statement.decidedAt,
    decided_by: statement.decidedBy,
    redress: { kind: redress.kind, appeal_until: redress.kind === 'full' ? redress.appealUntil : null },
    appeal,
    replaced_by: replacedBy,
    public_url: path && `${base}${path}`,
  }
}

/** Whether the secret of this very statement was sent. */
export function bears({ headers }: Pick<FastifyRequest, 'headers'>, bearers: Bearers, statementId: string): boolean {
  const secret = headers[SECRET_HEADER]
  return typeof secret === 'string' && bearers.admits(statementId, secret)
}

/** The tenant of a caller who may read its statements. Whoever sends a wrong secret and nothing else is nobody. */
export function clientOf(request: FastifyRequest, reply: FastifyReply): string {
  const { caller } = request
  if (caller === null) {
    challenge(request, reply)
    throw new Fault('unauthenticated', { detail: `this is not the secret of a statement: ${SECRET_HEADER}` })
  }
  if (!caller.roles.includes('client'))
    throw new Fault('forbidden', { detail: 'this needs a key with the role client' })
  return caller.tenantId
}
