// The frame of every page: head, header with the way around, main, footer. `<main id="main">` is the skip link's aim.

import type { PageContext } from '../console.ts'
import { type Html, html } from '../html.ts'

const links = [
  ['/', 'Playground'],
  ['/verify', 'Verify'],
  ['/docs', 'API'],
] as const

export function layout(context: PageContext, title: string, body: Html, modules: readonly string[]): Html {
  const { at, session, path } = context
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="dark light">
<title>${title} · Darkroom</title>
<link rel="icon" href="${at('icon.svg')}" type="image/svg+xml">
<link rel="stylesheet" href="${at('console.css')}">
${modules.map((name) => html`<script type="module" src="${at(name)}"></script>\n`)}</head>
<body>
<a class="skip" href="#main">Skip to the content</a>
<header class="masthead">
<a class="mark" href="/">Darkroom</a>
<nav aria-label="Main">
${links.map(([href, name]) => html`<a href="${href}"${href === path && html` aria-current="page"`}>${name}</a>\n`)}</nav>
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
<p>Every picture that leaves has been checked, watermarked and signed. <a href="/verify">Check any picture</a>.</p>
</footer>
</body>
</html>
`
}
