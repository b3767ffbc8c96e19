// How well decisions are made, each share as an interval with how many it was seen in, and nothing said of too few. A reviewer sees their
// own figures; a lead those of everybody together, of their own people, and their own. Nobody is ranked, and nobody's speed is told.

import type { ModerationPolicy } from '../../../policy/policy.ts'
import type { Agreement } from '../../../review/agreement.ts'
import type { CategoryQuality, Errors, PersonQuality, Quality } from '../../../review/quality.ts'
import type { Period } from '../../../review/quality-rows.ts'
import { INTERVAL_FROM, SHARE_FROM } from '../../../review/rates.ts'
import { dotAndWhisker } from '../../charts.ts'
import { type Html, html } from '../../html.ts'
import { span } from '../../times.ts'
import { goldForm } from './gold.ts'
import { categoryName, KIND_NAMES, titled } from './words.ts'

/** `problem`: what was wrong with the period that was asked for. */
type Asked = { period: Period; problem: string | null }
export type QualityPage = Asked & {
  quality: Quality
  own: PersonQuality
  /** Those whom the lead leads. */
  people: readonly PersonQuality[]
  names: ReadonlyMap<string, string>
  policy: ModerationPolicy
}

export function ownQualityPage(asked: Asked, own: PersonQuality): Html {
  return html`${heading('How your own decisions stand. You and your lead see this, and nobody else.', asked)}
<section class="panel stack" aria-labelledby="own"><h2 id="own">Your own</h2>${person(own)}</section>`
}

export function qualityPage(page: QualityPage): Html {
  const { quality, own, people, names, policy } = page
  return html`${heading('How well decisions are made, by everybody together.', page)}
<div class="spread">
<section class="panel stack" aria-labelledby="agreement"><h2 id="agreement">Do two people find the same?</h2>
<p class="hint">Of pictures drawn at random for a second look: the first two verdicts, both blind.</p>
<h3>Allow or deny</h3>${agreement(quality.agreement.outcome)}
<h3>Which clause, where both deny</h3>${agreement(quality.agreement.clause)}</section>
<section class="panel stack" aria-labelledby="stands"><h2 id="stands">What stands</h2>
${dotAndWhisker('Overturned on appeal', quality.overturned)}
${dotAndWhisker('Gold questions as expected', quality.gold)}
<h3>Past its deadline</h3>
${quality.breached.length === 0 ? NOTHING : quality.breached.map(({ kind, share }) => dotAndWhisker(titled(KIND_NAMES[kind]), share))}</section>
<section class="panel stack" aria-labelledby="software"><h2 id="software">Where software errs</h2>
<p class="hint">What it decides alone, from <span class="number">${quality.software.audited}</span> random samples, each weighted by how likely it was drawn.</p>
${errors(quality.software)}</section>
<section class="panel stack" aria-labelledby="time"><h2 id="time">From coming to decision</h2>${durations(quality)}</section>
</div>
<section class="panel stack" aria-labelledby="categories"><h2 id="categories">By category</h2>
${quality.categories.map((one) => category(one, policy))}</section>
<section class="panel stack" aria-labelledby="led"><h2 id="led">Your people</h2>
${people.length === 0 ? html`<p>You lead nobody. <a href="/review/people">Who leads whom</a> is set with people.</p>` : people.map((one) => html`<h3><bdi>${names.get(one.personId) ?? one.personId}</bdi></h3>${person(one)}`)}</section>
<section class="panel stack" aria-labelledby="own"><h2 id="own">Your own</h2>${person(own)}</section>
<section class="panel stack" aria-labelledby="gold"><h2 id="gold">Ask a decided item again</h2>${goldForm(policy)}</section>`
}

const NOTHING = html`<p class="hint">Nothing was closed in this time.</p>`

function heading(said: string, { period, problem }: Asked): Html {
  const last = new Date(period.to.getTime() - 1)
  const day = (moment: Date) => moment.toISOString().slice(0, 10)
  return html`<header class="lead">
<h1>Quality</h1>
<p>${said} Under ${INTERVAL_FROM} nothing is said of a share, under ${SHARE_FROM} its interval alone (95 %).</p>
<p class="unseen" id="announcer" role="status"></p>
</header>
<form class="period" method="get" action="/review/quality">
<div class="field"><label for="from">From</label><input type="date" id="from" name="from" value="${day(period.from)}"${problem !== null && html` aria-invalid="true" aria-describedby="period-error"`}></div>
<div class="field"><label for="to">To, included</label><input type="date" id="to" name="to" value="${day(last)}"></div>
<button>Show</button>
${problem !== null && html`<p class="error" id="period-error" role="alert">${problem}</p>`}
</form>`
}

function agreement({ raw, kappa, ac1 }: Agreement): Html {
  return html`${dotAndWhisker('The same', raw)}
${dotAndWhisker('Kappa', kappa, { from: -1, as: 'number' })}
${dotAndWhisker('Gwet’s AC1', ac1, { from: -1, as: 'number' })}`
}

function errors({ falsePositive, falseNegative }: Errors): Html {
  return html`${dotAndWhisker('Blocked, though people would not have', falsePositive)}
${dotAndWhisker('Let through, though people would not have', falseNegative)}`
}

function durations({ durations }: Quality): Html {
  if (durations.length === 0) return NOTHING
  return html`<div class="scrolls" role="group" aria-labelledby="time" tabindex="0"><table>
<thead><tr><th scope="col">Kind</th><th scope="col" class="number">Half within</th><th scope="col" class="number">Nine in ten within</th><th scope="col" class="number">Of</th></tr></thead>
<tbody>${durations.map(
    ({ kind, n, median_hours, p90_hours }) =>
      html`<tr><th scope="row">${titled(KIND_NAMES[kind])}</th><td class="number">${span(median_hours * 3600)}</td><td class="number">${span(p90_hours * 3600)}</td><td class="number">${n}</td></tr>\n`,
  )}</tbody></table></div>`
}

/** Open where there is something to see. */
function category(
  { category: id, agreement: { raw }, overturned, software }: CategoryQuality,
  policy: ModerationPolicy,
): Html {
  const said = [raw, overturned, software.falsePositive, software.falseNegative].filter((one) => one.interval !== null)
  return html`<details class="category"${said.length > 0 && html` open`}><summary>${categoryName(policy, id)}${said.length === 0 && html` <span class="hint">too few to say</span>`}</summary>
${dotAndWhisker('Two people find the same', raw)}
${dotAndWhisker('Overturned on appeal', overturned)}
${errors(software)}</details>`
}

function person({ standing, verdicts, shares }: PersonQuality): Html {
  if (standing === 'insufficient' || shares === null)
    return html`<p class="hint">Too few to say: <span class="number">${verdicts}</span> of ${SHARE_FROM} verdicts.</p>`
  return html`<p class="hint"><span class="number">${verdicts}</span> verdicts.</p>
${dotAndWhisker('Found as the other did', shares.agreement)}
${dotAndWhisker('Gold questions as expected', shares.gold)}
${dotAndWhisker('Overturned on appeal', shares.overturned)}`
}
