// How the log does: first what is not well, with its remedy; then quietly its tree, who vouches for it and what hangs on it.
// modules/audit-exports-live.ts keeps it as it is now.

import type { DatedHealth, LogHealth, WitnessHealth } from '../../../audit/health.ts'
import { type HealthProblem, problemsOf } from '../../../audit/health-problems.ts'
import { type Html, html } from '../../html.ts'
import { exactly, span, time } from '../../times.ts'
import { count, figure } from './export-words.ts'
import { logHours } from './log-hours.ts'
import { failureWords, RECHECKS } from './log-words.ts'
import { auditWays } from './ways.ts'

const LIVE_MS = 5000

export function logPage(health: LogHealth): Html {
  const problems = problemsOf(health)
  return html`${auditWays('/audit/log')}<header class="lead">
<h1>The log</h1>
<p>Whether the transparency log grows, who vouches for it, and what waits for it. Anybody reads the log itself: its newest <a href="/log/checkpoint">checkpoint</a>, its <a href="/log/key">key</a> and, under <code>/log/tile/</code>, its tiles.</p>
<p class="live hint" id="live" role="status"></p>
</header>
<div id="live-part" class="log" data-live="${LIVE_MS}">
${problems.length === 0 ? well(health) : html`<ul class="problems" aria-label="What is not well">${problems.map(problem)}</ul>`}
<div class="spread">
<section class="panel stack" aria-labelledby="tree"><h2 id="tree">Its tree</h2>${tree(health)}</section>
<section class="panel stack" aria-labelledby="hours"><h2 id="hours">How it grew</h2>${logHours(health.hours)}</section>
<section class="panel stack" aria-labelledby="key"><h2 id="key">Its key</h2>${key(health)}</section>
<section class="panel stack" aria-labelledby="hangs"><h2 id="hangs">What hangs on it</h2>${hangs(health)}</section>
</div>
<section class="panel stack" aria-labelledby="witnesses"><h2 id="witnesses">Who vouches for it</h2>${witnesses(health)}${dated(health)}</section>
</div>`
}

function well({ tree, at }: LogHealth): Html {
  if (tree.at === null) return html`<p class="well" id="well">Nothing is in the log yet, and nothing waits for it.</p>`
  return html`<p class="well" id="well">Nothing that is looked at here is amiss. The newest checkpoint was signed ${time(tree.at, at)}.</p>`
}

function problem({ alert, summary, action }: HealthProblem): Html {
  return html`<li class="problem"><h2>${summary}</h2><p>${action}</p><p class="hint">Alert <code>${alert}</code></p></li>\n`
}

function trait(name: string, value: Html | string): Html {
  return html`<div><dt>${name}</dt><dd>${value}</dd></div>\n`
}

const number = (value: number) => html`<span class="number">${figure(value)}</span>`

function tree({ tree, unsigned, store, at }: LogHealth): Html {
  const { moves, oldestSeconds } = unsigned
  return html`<dl class="traits">
${trait('Leaves', number(tree.size))}
${trait('Checkpoint', tree.at === null ? 'none was signed yet' : html`${time(tree.at, at)} <span class="hint">${exactly(tree.at)}</span>`)}
${trait('Rounds', html`${number(tree.rounds)} ${tree.rounds === 1 ? 'checkpoint was' : 'checkpoints were'} signed`)}
${trait('Waiting', moves === 0 ? 'nothing' : html`${count(moves, 'leaf', 'leaves')}, the oldest for ${seconds(oldestSeconds)}`)}
${trait('Root', html`<code class="digest">${tree.root}</code>`)}
${trait('Lies in', store.kind === 'files' ? 'files, which nothing but the file system holds' : store.lockDays === null ? 'S3, without Object Lock' : `S3, held by Object Lock for ${count(store.lockDays, 'day')}`)}
</dl>`
}

function seconds(value: number): string {
  return value < 60 ? `${Math.round(value)} s` : span(value)
}

function key({ origin, key, keySha256 }: LogHealth): Html {
  return html`<dl class="traits">
${trait('Name', html`<code class="digest">${origin}</code>`)}
${trait('Verifier key', html`<code class="digest">${key}</code>`)}
${trait('SHA-256', html`<code class="digest">${keySha256}</code>`)}
</dl>
<p class="hint">The SHA-256 is of the file that <code>/log/key</code> answers. Tell it to auditors by another way than this service, so that they know the key is the log’s.</p>`
}

function hangs({ waitingImages, failedExports, recheck, at }: LogHealth): Html {
  const { perHour, at: looked, result, found } = recheck
  return html`<dl class="traits">
${trait('Pictures', waitingImages === 0 ? 'none waits for its leaf' : `${count(waitingImages, 'picture')} ${waitingImages === 1 ? 'is' : 'are'} marked and not released yet`)}
${trait('Exports', failedExports.length === 0 ? 'none failed' : html`${failedExports.map(({ failure, count: number }, i) => html`${i > 0 && ', '}${figure(number)} given up (<code>${failure}</code>)`)}: <a href="/audit/exports">exports</a>`)}
${trait('Rechecks', perHour === 0 ? 'are switched off' : `${figure(perHour)} an hour for the whole service`)}
${perHour > 0 && trait('The last', looked === null ? 'none was yet' : html`${time(looked, at)}: ${RECHECKS[result ?? ''] ?? result}`)}
${perHour > 0 && trait('Found', found.length === 0 ? 'nothing in the last day' : `in the last day: ${found.map(({ result, count }) => `${figure(count)} × ${RECHECKS[result] ?? result}`).join(', ')}`)}
</dl>`
}

function witnesses({ witnesses, at }: LogHealth): Html {
  if (witnesses.length === 0)
    return html`<p>No witness is configured: that everybody sees the same log, only kept checkpoints show.</p>`
  return html`<div class="scrolls" role="group" aria-labelledby="witnesses" tabindex="0"><table>
<thead><tr><th scope="col">Witness</th><th scope="col" class="number">Cosigned last</th><th scope="col" class="number">Behind</th><th scope="col">The last question</th></tr></thead>
<tbody>${witnesses.map((one) => witness(one, at))}</tbody>
</table></div>`
}

function witness({ name, size, at: cosigned, behind, failure }: WitnessHealth, now: Date): Html {
  return html`<tr><th scope="row"><bdi>${name}</bdi></th>
<td class="number">${size === null ? 'nothing yet' : html`${figure(size)} leaves${cosigned !== null && html`, ${time(cosigned, now)}`}`}</td>
<td class="number">${behind === 0 ? 'nothing' : count(behind, 'leaf', 'leaves')}</td>
<td>${failure === null ? 'was answered' : html`<span class="alarm">${failureWords(failure)}</span>`}</td></tr>\n`
}

function dated({ timestamps, at }: LogHealth): Html {
  if (timestamps === null)
    return html`<p>No authority on time is configured: when something happened is the operator’s clock alone.</p>`
  return html`<dl class="traits">
${trait('Authority', html`<bdi>${timestamps.authority}</bdi> (RFC 3161)`)}
${trait('Dated last', datedLast(timestamps, at))}
${timestamps.failure !== null && trait('Last question', html`<span class="alarm">${failureWords(timestamps.failure)}</span>`)}
</dl>`
}

function datedLast({ size, at: signed, datedAt }: DatedHealth, now: Date): Html | string {
  if (size === null) return 'nothing yet'
  return html`the tree of ${count(size, 'leaf', 'leaves')}${signed !== null && html`, signed ${time(signed, now)}`}${datedAt !== null && html`; the token says ${exactly(datedAt)}`}`
}
