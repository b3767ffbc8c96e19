// Pages for clients and for everybody: the playground, the public check of a picture, statements of reasons.

import { ROLES } from '../../tenant/roles.ts'
import type { ConsoleOptions } from '../console.ts'
import type { Frame } from '../frame.ts'
import { homeOf } from '../home.ts'
import { playgroundPage } from '../pages/playground.ts'
import { statementPage } from '../pages/statement.ts'
import { verifyPage } from '../pages/verify.ts'

export function publicPages(frame: Frame, options: ConsoleOptions): void {
  frame.closed('/', ROLES, ({ session }) => {
    const home = homeOf(session.roles)
    if (home !== '/') return { elsewhere: home }
    return { title: 'Playground', body: playgroundPage(session, options), modules: ['playground.ts'] }
  })

  frame.open('/verify', () => ({
    title: 'Was this made here?',
    body: verifyPage(options.reportCategories ?? []),
    modules: ['verify.ts'],
  }))

  frame.open('/statements/:id', (_context, request) => ({
    title: 'Statement of reasons',
    body: statementPage(Object(request.params).id, options.appealPurposes ?? []),
    modules: ['statement.ts'],
  }))
}
