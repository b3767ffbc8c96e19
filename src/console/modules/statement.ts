// Fetches the statement that the page names and draws it.

import type { StatementJson } from '../../statement/outputs.ts'
import { call, problemOf } from './api.ts'
import { el, find } from './dom.ts'
import { reasons } from './reasons.ts'

const page = find('statement', HTMLElement)
const title = find('notice', HTMLElement)
const body = find('reasons', HTMLElement)
const address = `/v1/statements/${encodeURIComponent(page.dataset.statement ?? '')}`

try {
  const statement = await call<StatementJson>(address)
  title.textContent = statement.notice.title
  body.replaceChildren(
    ...reasons(statement, page.dataset.appeals === 'open'),
    el('p', { class: 'hint' }, el('a', { href: address }, 'The statement as JSON')),
  )
} catch (cause) {
  const problem = problemOf(cause)
  const gone = problem.status === 404
  title.textContent = gone ? 'There is no such statement' : 'It could not be loaded'
  body.replaceChildren(
    el('p', {}, gone ? 'The id may be incomplete, or the statement belongs to somebody else.' : problem.message),
  )
}
