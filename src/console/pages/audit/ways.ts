// The ways between the pages of an audit, on each of them, and the page where none of them leads.

import { type Html, html } from '../../html.ts'

const WAYS = [
  ['/audit', 'Find a picture'],
  ['/audit/exports', 'Exports'],
  ['/audit/reports', 'Reports'],
  ['/audit/log', 'The log'],
] as const

/** `current`: null: none of them. */
export function auditWays(current: (typeof WAYS)[number][0] | null): Html {
  return html`<nav class="ways" aria-label="Audit">
${WAYS.map(([href, name]) => html`<a href="${href}"${href === current && html` aria-current="page"`}>${name}</a>\n`)}</nav>
`
}

/** For an address under /audit/ that leads nowhere. */
export function noSuchPage(): Html {
  return html`${auditWays(null)}<section class="lead">
<h1>There is no such page</h1>
<p>Nothing is at this address. All records and exports are to be had from the pages above.</p>
</section>`
}
