// Fetches the statement that the page names and draws it: with the secret of the link's fragment, else with the session's cookie. While
// something is awaited it asks again, and draws only what has changed.

import type { StatementResource } from '../../http/statement-schemas.ts'
import { call, problemOf } from './api.ts'
import { appealWith } from './appeal.ts'
import { button, el, find } from './dom.ts'
import { reasons, remedies } from './reasons.ts'
import { words } from './speech.ts'

const ASK_AGAIN_MS = 30_000

const page = find('statement', HTMLElement)
const title = find('notice', HTMLElement)
const body = find('reasons', HTMLElement)
const decision = el('h2', {}, words.reasons.rows.decision)
const fallen = el('p', { class: 'callout', hidden: true }, words.reasons.fallen)
const id = page.dataset.statement ?? ''
const address = `/v1/statements/${encodeURIComponent(id)}`
const [, secret] = /^#([\w-]+)$/.exec(location.hash) ?? []
const headers: Record<string, string> = secret === undefined ? {} : { 'darkroom-statement-secret': secret }

// The same page with another secret is another reader.
addEventListener('hashchange', () => location.reload())
// The way past the masthead would take the secret's place.
document.querySelector('.skip')?.addEventListener('click', (event) => {
  event.preventDefault()
  title.focus()
})
// In another language it is still the same reader.
for (const link of page.querySelectorAll<HTMLAnchorElement>('a[hreflang]')) link.hash = location.hash

const ask = () => call<StatementResource>(`${address}?lang=${document.documentElement.lang}`, { headers })
const drawAppeal = appealWith({ id, headers, refresh: async () => draw(await ask()) })

let shown = ''
let waiting = false
let timer: ReturnType<typeof setTimeout> | undefined

function draw(statement: StatementResource): void {
  const now = JSON.stringify([statement.appeal, statement.replaced_by])
  if (shown === '') {
    title.textContent = statement.notice.title
    find('binding', HTMLElement).hidden = !statement.translated
    body.replaceChildren(decision, fallen, ...reasons(statement, { link: false }), ...more(statement))
  } else if (now !== shown) find('remedies', HTMLElement).replaceChildren(...remedies(statement, false))
  if (now !== shown) {
    waiting = drawAppeal(statement)
    fallen.hidden = statement.appeal?.state !== 'overturned' && statement.appeal?.state !== 'partial'
    if (!fallen.hidden) decision.textContent = words.reasons.atFirst
  }
  shown = now
  clearTimeout(timer)
  if (waiting) timer = setTimeout(() => void again(), ASK_AGAIN_MS)
}

/** Asks quietly: what cannot be had now is asked for once more later. */
async function again(): Promise<void> {
  const statement = document.hidden ? null : await ask().catch(() => null)
  if (statement === null) timer = setTimeout(() => void again(), ASK_AGAIN_MS)
  else draw(statement)
}

/** Only who is signed in can follow these. */
function more({ public_url }: StatementResource): HTMLElement[] {
  if (public_url === undefined) return []
  const link = (href: string, text: string) => el('p', { class: 'hint' }, el('a', { href }, text))
  return [link(address, words.appeal.asJson), ...(public_url === null ? [] : [link(public_url, words.appeal.handOn)])]
}

async function open(): Promise<void> {
  try {
    draw(await ask())
  } catch (cause) {
    const [heading, ...said] = failure(problemOf(cause).status)
    title.textContent = heading
    body.replaceChildren(...said.map((text) => el('p', {}, text)))
    if (heading === words.appeal.notLoaded)
      body.append(
        el(
          'div',
          {},
          button(words.appeal.tryAgain, () => void open()),
        ),
      )
  }
}

function failure(status: number): [heading: string, ...said: string[]] {
  const { noSuch, noSuchWhy, wholeLink, incomplete, incompleteWhy, askAgain, notLoaded, notDone } = words.appeal
  // A secret that is not this statement's is nobody's.
  if (status === 404 || (status === 401 && location.hash.length > 1)) return [noSuch, noSuchWhy, wholeLink]
  if (status === 401) return [incomplete, incompleteWhy, askAgain]
  return [notLoaded, notDone]
}

await open()
