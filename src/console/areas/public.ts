// Pages for clients and for everybody: the playground, statements of reasons.

import type { FastifyRequest } from 'fastify'
import { preferredSpeech, speechOf } from '../../statement/speech/languages.ts'
import { ROLES } from '../../tenant/roles.ts'
import type { ConsoleOptions } from '../console.ts'
import type { Frame } from '../frame.ts'
import { homeOf } from '../home.ts'
import { playgroundPage } from '../pages/playground.ts'
import { statementPage } from '../pages/statement.ts'

/** Of an appeal, where nothing else is said. */
const CHARACTERS = 2000

export function publicPages(frame: Frame, options: ConsoleOptions): void {
  frame.closed('/', ROLES, ({ session }) => {
    const home = homeOf(session.roles)
    if (home !== '/') return { elsewhere: home }
    return { title: 'Playground', body: playgroundPage(session, options), modules: ['playground.ts'] }
  })

  frame.open('/statements/:id', (_context, request) => {
    const speech = speechFor(request)
    const say = options.statements?.tongues(speech.language).say
    const purposes = (options.appealPurposes ?? []).map((id) => ({ id, name: say?.(id) ?? id }))
    const characters = options.appealCharacters ?? CHARACTERS
    return {
      title: speech.page.title,
      language: speech.language,
      body: statementPage(Object(request.params).id, { speech, purposes, characters }),
      modules: ['statement.ts'],
    }
  })
}

/** What the address asks for, else what the browser prefers. */
function speechFor(request: FastifyRequest) {
  const { lang } = Object(request.query)
  const asked = typeof lang === 'string' ? speechOf(lang) : undefined
  return asked ?? preferredSpeech(request.headers['accept-language'])
}
