// The frame of every page: head, header with the way around, main, footer. `<main id="main">` is the skip link's aim.

import { EN } from '../../statement/speech/en.ts'
import { speechOf } from '../../statement/speech/languages.ts'
import type { FrameWords } from '../../statement/speech/speech.ts'
import type { Role } from '../../tenant/roles.ts'
import type { PageContext } from '../frame.ts'
import { type Html, html } from '../html.ts'

/** `word`: what the page's own language calls it, where the page may be in another. */
type Link = {
  readonly href: string
  readonly name: string
  readonly word?: keyof FrameWords
  readonly roles?: readonly Role[]
}

/** `roles`: who is shown it; everybody unless said. */
const links: readonly Link[] = [
  { href: '/', name: 'Playground', word: 'playground', roles: ['client'] },
  { href: '/decisions', name: 'Decisions', roles: ['client'] },
  { href: '/review', name: 'Review', roles: ['reviewer', 'lead'] },
  { href: '/appeals', name: 'Appeals', roles: ['reviewer', 'lead'] },
  { href: '/review/queue', name: 'Queue', roles: ['lead'] },
  { href: '/review/routing', name: 'Routing', roles: ['lead'] },
  { href: '/review/quality', name: 'Quality', roles: ['lead', 'reviewer'] },
  { href: '/review/people', name: 'People', roles: ['lead', 'admin'] },
  { href: '/audit', name: 'Audit', roles: ['compliance', 'admin'] },
  { href: '/verify', name: 'Verify', word: 'verify' },
  { href: '/docs', name: 'API', word: 'reference' },
]

/** `entries` run; `scripts` are all that they import, which the browser may fetch at once. */
export type Scripts = { readonly entries: readonly string[]; readonly scripts: readonly string[] }

export function layout(context: PageContext, title: string, body: Html, { entries, scripts }: Scripts): Html {
  const { at, session, path, language = 'en' } = context
  const words = (speechOf(language) ?? EN).frame
  const shown = links.filter(
    ({ href, roles }) =>
      roles === undefined || (session === null ? href === '/' : roles.some((role) => session.roles.includes(role))),
  )
  const here = linkTo(
    path,
    shown.map(({ href }) => href),
  )
  return html`<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="dark light">
<title>${title} · Darkroom</title>
<link rel="icon" href="${at('icon.svg')}" type="image/svg+xml">
<link rel="stylesheet" href="${at('console.css')}">
${scripts.filter((name) => !entries.includes(name)).map((name) => html`<link rel="modulepreload" href="${at(name)}">\n`)}${entries.map((name) => html`<script type="module" src="${at(name)}"></script>\n`)}</head>
<body>
<a class="skip" href="#main">${words.skip}</a>
<header class="masthead">
<a class="mark" href="/">Darkroom</a>
<nav aria-label="${words.main}">
${shown.map(({ href, name, word }) => html`<a href="${href}"${href === here && html` aria-current="${href === path ? 'page' : 'true'}"`}>${word ? words[word] : name}</a>\n`)}</nav>
${
  session &&
  html`<form class="who" method="post" action="/session/end">
<span class="tenant" title="Signed in as"><bdi>${session.tenantName}</bdi></span>
<button class="quiet">Sign out</button>
</form>`
}
</header>
<main id="main">
${body}
</main>
<footer class="colophon">
<p>${words.promise} <a href="/verify">${words.check}</a>.</p>
</footer>
</body>
</html>
`
}

/** The link of this page, or the nearest of those that it lies under. */
function linkTo(path: string, links: readonly string[]): string | undefined {
  const under = links.filter((href) => href === path || (href !== '/' && path.startsWith(`${href}/`)))
  return under.toSorted((a, b) => b.length - a.length)[0]
}
