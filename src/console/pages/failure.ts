// A page that could not be drawn: what went wrong, in words, and the way to try again. What is our failure says no more than that.

import type { Problem } from '../../http/problems.ts'
import type { Page } from '../frame.ts'
import { html } from '../html.ts'

/** `address`: of the page, to be asked for again. */
export function failurePage({ status, title, detail }: Problem, address: string): Page {
  const ours = status >= 500
  const body = html`<section class="lead" id="failure">
<h1>${title}</h1>
<p>${ours ? 'Nothing is lost. Try again in a moment.' : detail}</p>
<p><a class="button" href="${address}">Try again</a></p>
</section>`
  return { title, body, status }
}
