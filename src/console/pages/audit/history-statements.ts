// The statements of reasons of a request and its images: what each says was decided, by which rule and whom. What leads to one in the rest
// of the page leads here.

import type { History } from '../../../audit/history.ts'
import { type Html, html } from '../../html.ts'
import { time } from '../../times.ts'
import { policyNamed } from './words.ts'

type Stated = History['statements'][number]

export function statementsOf({ statements, policies }: History, now: Date): Html | false {
  return (
    statements.length > 0 &&
    html`<section class="stack" aria-labelledby="statements">
<h2 id="statements">${statements.length === 1 ? 'The statement of reasons' : `${statements.length} statements of reasons`}</h2>
<div class="cards">${statements.map((stated) => card(stated, policies, now))}</div>
</section>`
  )
}

/** A fact's value, whose statements lead to what they say: here, else to the record that they are about. */
export function linked(value: string, { statements }: History): Html {
  return html`${value.split(/\b(sor_\w+)/).map((part, at) => (at % 2 === 0 ? part : statementLink(part, statements)))}`
}

function statementLink(id: string, statements: readonly Stated[]): Html {
  const here = statements.some((one) => one.id === id)
  return html`<a href="${here ? `#${id}` : `/audit?q=${id}`}"><code>${id}</code></a>`
}

const RESTRICTIONS: Readonly<Record<string, string>> = {
  request_refused: 'Request refused',
  image_withheld: 'Image withheld',
  image_withdrawn: 'Image withdrawn',
}
const DECIDERS: Readonly<Record<string, string>> = {
  automated: 'software',
  person: 'people',
  owner: 'the owner of the picture',
}
const REDRESS: Readonly<Record<string, string>> = {
  final: 'no: it follows from the one appeal that there was',
  restricted: 'not here: the restricted team handles it',
  none: 'no: its owner decided it',
}

function card(stated: Stated, policies: History['policies'], now: Date): Html {
  const { id, subject_id, at, replaced_by, restriction, clause, facts, decided_by, redress, appeal_until, policy } =
    stated
  const rows: [string, Html | string | null][] = [
    ['About', html`<a href="/audit/history/${subject_id}"><code>${subject_id}</code></a>`],
    ['Stated', time(new Date(at), now)],
    ['Decided by', DECIDERS[decided_by] ?? decided_by],
    ['Rule', clause],
    ['Policy', policyNamed(policy.digest, policies)],
    ['It says', facts],
    [
      'Could be appealed',
      appeal_until === null ? (REDRESS[redress] ?? redress) : html`until ${time(new Date(appeal_until), now)}`,
    ],
    ['Replaced by', replaced_by && html`<a href="#${replaced_by}"><code>${replaced_by}</code></a>`],
  ]
  return html`<article class="card panel" id="${id}">
<h3>${RESTRICTIONS[restriction] ?? restriction}${replaced_by !== null && html` <span class="tag">replaced</span>`}</h3>
<p class="hint"><code>${id}</code></p>
<dl class="particulars">
${rows.map(([name, value]) => value !== null && html`<div><dt>${name}</dt><dd>${value}</dd></div>\n`)}</dl>
</article>`
}
