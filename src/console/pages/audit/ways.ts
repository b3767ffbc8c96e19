// The ways between the pages of an audit, on each of them.

import { type Html, html } from '../../html.ts'

const WAYS = [
  ['/audit', 'Find a picture'],
  ['/audit/exports', 'Exports'],
  ['/audit/reports', 'Reports'],
  ['/audit/log', 'The log'],
] as const

export function auditWays(current: (typeof WAYS)[number][0]): Html {
  return html`<nav class="ways" aria-label="Audit">
${WAYS.map(([href, name]) => html`<a href="${href}"${href === current && html` aria-current="page"`}>${name}</a>\n`)}</nav>
`
}
