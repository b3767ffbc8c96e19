// Who reviews what: everybody by name, with what each is given and kept from, and a form for the one who is being changed. review/people.ts
// says who may change what; what it refuses is said beside the field.

import { type ReviewerRow, versionOf } from '../../../review/people.ts'
import type { RoutingChoices } from '../../../review/routing-choices.ts'
import { type Html, html } from '../../html.ts'
import { time } from '../../times.ts'
import { personForm } from './person-form.ts'
import { titled } from './words.ts'

export type PeoplePage = {
  people: readonly ReviewerRow[]
  choices: RoutingChoices
  by: { personId: string | null; admin: boolean }
  /** The id of the person who is being changed. */
  editing: string | null
  now: Date
}

export function peoplePage(page: PeoplePage): Html {
  const { people, editing } = page
  return html`<header class="lead">
<h1>People</h1>
<p>Who reviews what. Nothing named means everything; nobody ever gets what they took part in.</p>
<p class="unseen" id="announcer" role="status"></p>
<noscript><p class="callout">Changing somebody here needs script. <code>PUT /v1/review/people/{id}</code> does the same.</p></noscript>
</header>
${
  people.length === 0
    ? html`<p class="panel">Nobody reviews yet. An administrator makes people of the operator’s tenant with the role reviewer or lead, and a key for each.</p>`
    : html`<ul class="people">${people.map((one) => (one.person_id === editing ? edited(one, page) : shown(one, page)))}</ul>`
}`
}

function edited(one: ReviewerRow, page: PeoplePage): Html {
  return html`<li class="person panel" id="${one.person_id}">${heading(one, page)}${personForm(one, page)}</li>\n`
}

function shown(one: ReviewerRow, page: PeoplePage): Html {
  const { choices, now } = page
  const nameOf = (all: readonly { id: string; name: string }[], ids: readonly string[]) =>
    ids.map((id) => all.find((choice) => choice.id === id)?.name ?? id).join(', ')
  const facts: [string, string | Html][] = [
    ['Languages', one.languages?.join(', ') ?? 'all'],
    ['Categories', one.categories === null ? 'all' : titled(nameOf(choices.categories, one.categories))],
    ['Customers', one.tenants === null ? 'all' : nameOf(choices.tenants, one.tenants)],
    ['Has to do with', one.conflicts.length === 0 ? 'none' : nameOf(choices.tenants, one.conflicts)],
    ['Severity', `up to ${one.max_severity}`],
    ['Led by', one.lead_id === null ? 'nobody' : nameOf(choices.people, [one.lead_id])],
    ['Restricted', one.restricted ? 'sees it' : 'never'],
  ]
  const away = one.away_until !== null && one.away_until > now ? one.away_until : null
  return html`<li class="person panel" id="${one.person_id}" data-version="${versionOf(one)}">${heading(one, page)}
${away !== null && html`<p class="callout">Away, back ${time(away, now)}.</p>`}
<dl class="traits">${facts.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>\n`)}</dl>
<a class="button" href="/review/people?edit=${one.person_id}#${one.person_id}" aria-label="Change what ${one.name} reviews">Change</a></li>\n`
}

function heading({ name, lead, person_id }: ReviewerRow, { by }: PeoplePage): Html {
  return html`<h2><bdi>${name}</bdi> <span class="hint">${lead ? 'lead' : 'reviewer'}${person_id === by.personId && ', you'}</span></h2>`
}
