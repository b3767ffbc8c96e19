// Fetches the statement that the page names and draws it: with the secret of the link's fragment, else with the session's cookie.

import type { StatementResource } from '../../http/routes/statements.ts'
import { call, problemOf } from './api.ts'
import { offerAppeal } from './appeal.ts'
import { el, find } from './dom.ts'
import { reasons } from './reasons.ts'

const page = find('statement', HTMLElement)
const title = find('notice', HTMLElement)
const body = find('reasons', HTMLElement)
const address = `/v1/statements/${encodeURIComponent(page.dataset.statement ?? '')}`
const secret = decodeURIComponent(location.hash.slice(1))
const headers: Record<string, string> = /^[\w-]+$/.test(secret) ? { 'darkroom-statement-secret': secret } : {}

// The same page with another secret is another reader.
addEventListener('hashchange', () => location.reload())

try {
  const statement = await call<StatementResource>(address, { headers })
  title.textContent = statement.notice.title
  body.replaceChildren(...became(statement), ...reasons(statement, { link: false }), ...more(statement))
  offerAppeal(statement, headers)
} catch (cause) {
  const { status, message } = problemOf(cause)
  const [heading, ...said] = failure(status, message)
  title.textContent = heading
  body.replaceChildren(...said.map((text) => el('p', {}, text)))
}

/** What became of the decision stands before it. */
function became({ appeal }: StatementResource): HTMLElement[] {
  if (appeal?.answer == null) return []
  return [el('p', { class: 'callout' }, appeal.answer.text)]
}

function more(statement: StatementResource): HTMLElement[] {
  const { replaced_by_url, public_url } = statement
  return [
    ...(replaced_by_url === null
      ? []
      : [
          el(
            'p',
            { class: 'callout' },
            'An appeal put another statement in the place of this one: ',
            el('a', { href: replaced_by_url }, 'read it'),
          ),
        ]),
    // Only who is signed in can follow these.
    ...(public_url === undefined
      ? []
      : [
          el('p', { class: 'hint' }, el('a', { href: address }, 'The statement as JSON')),
          ...(public_url === null
            ? []
            : [el('p', { class: 'hint' }, el('a', { href: public_url }, 'The link for people without an account'))]),
        ]),
  ]
}

function failure(status: number, message: string): [heading: string, ...said: string[]] {
  // A secret that is not this statement's is nobody's.
  if (status === 404 || (status === 401 && secret !== ''))
    return [
      'There is no such statement',
      'The link may be incomplete or mistyped, or the statement belongs to somebody else.',
      'Open the whole link that you were given, with everything after the #.',
    ]
  if (status === 401)
    return [
      'The link is incomplete',
      'What follows the # in the link is missing. It shows that the statement concerns you, and no account is needed with it.',
      'Open the whole link that you were given, or ask whoever gave it to you to send it again. Who has a key of this service can also sign in on the first page.',
    ]
  return ['It could not be loaded', message]
}
