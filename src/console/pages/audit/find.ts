// Finding a picture: one field for whatever is known of it, a place to hand it in, and what either leads to. All of it works without
// script; modules/audit.ts only takes a picture that is dropped or pasted.

import type { Finding, Way } from '../../../audit/find.ts'
import type { Verification } from '../../../mark/stranger.ts'
import { type Html, html } from '../../html.ts'
import { time } from '../../times.ts'
import { auditWays } from './ways.ts'
import { stateLabel, sureLabel } from './words.ts'

export type FindView = {
  q: string
  /** What was found; null: nothing was asked. */
  answer: Html | null
}

export function findPage({ q, answer }: FindView): Html {
  return html`${auditWays('/audit')}<div class="stack seeking">
<header class="lead">
<h1>Find a picture</h1>
<p>By what is known of it, or by the picture itself: released, withdrawn, refused or erased. Then read all that happened to it, with the proof of each step.</p>
</header>
<form class="panel seek" method="get" action="/audit" role="search">
<div class="field">
<label for="q">Id, number or digest</label>
<input id="q" name="q" value="${q}" maxlength="200" autocomplete="off" autocapitalize="off" spellcheck="false" aria-describedby="q-help" required>
</div>
<button class="primary">Find it</button>
<p class="hint" id="q-help">An image, request, statement, appeal or review item (<code>img_</code> <code>req_</code> <code>sor_</code> <code>apl_</code> <code>rvw_</code>); the number of a mark, as digits or <code>1.3fa2</code>; a manifest, <code>urn:c2pa:</code>; a SHA-256 of a file or of pixels; an index of the log.</p>
</form>
<form class="ask" id="ask" method="post" action="/audit" enctype="multipart/form-data">
<div class="drop panel" id="drop"${answer !== null && html` data-answered`}>
<input class="unseen" id="file" name="file" type="file" accept="image/png,image/jpeg,image/webp,image/avif,image/gif,image/tiff" aria-describedby="drop-help">
<label for="file"><span class="choose">Choose a picture</span> <span class="or">or drop or paste one here</span></label>
<p class="hint" id="drop-help">A copy or a piece of it is enough where its mark can be read. It is looked at once and not kept.</p>
</div>
<p class="row"><button id="send">Look it up</button></p>
</form>
<p class="unseen" id="announcer" role="status" aria-live="polite"></p>
${answer ?? html`<section id="answer" hidden></section>`}
</div>`
}

export type Found = {
  findings: readonly Finding[]
  /** Said where there are none. */
  nothing: string
  verification: Verification | null
  /** Of what a picture led to: where the records alone are shown again; null: they are not to be had so. */
  again?: string | null
  now: Date
}

export function foundAnswer({ findings, nothing, verification, again = null, now }: Found): Html {
  const count = findings.length
  const title = count === 0 ? 'Nothing found' : count === 1 ? 'One record' : `${count} records`
  return html`<section id="answer" class="stack found" aria-labelledby="found">
<h2 id="found" tabindex="-1">${title}</h2>
${count === 0 ? html`<p class="callout">${nothing}</p>` : html`<ul class="records">${findings.map((finding) => recordOf(finding, now))}</ul>`}
${again !== null && html`<p class="hint" id="again"><a href="${again}">These records on a page of their own</a>, to come back to.</p>`}
${verification !== null && scores(verification)}
</section>`
}

/** The same records, come back to. Only their ids are in the address, so nothing is said of a picture. */
export function comeBackTo(findings: readonly Finding[], now: Date): Html {
  return html`<section id="answer" class="stack found" aria-labelledby="found">
<h2 id="found" tabindex="-1">${findings.length === 1 ? 'One record' : `${findings.length} records`}, by id</h2>
<p class="callout">The records that this page’s address names. What a picture showed of them, the scores and restricted cases are not kept: hand the picture in again to see those.</p>
<ul class="records">${findings.map((finding) => recordOf(finding, now))}</ul>
</section>`
}

/** A question that could not be answered. */
export function notFound(title: string, detail: string): Html {
  return html`<section id="answer" class="stack found" aria-labelledby="found">
<h2 id="found" tabindex="-1">${title}</h2>
<p class="callout wrong">${detail}</p>
</section>`
}

function recordOf(finding: Finding, now: Date): Html {
  const { restricted, found_by, request_id, image_id, tenant, log_index } = finding
  if (restricted)
    return html`<li class="record panel" data-restricted>
<h3>A restricted case</h3>
<p>The record belongs to a restricted case. It is shown to the restricted team alone.</p>
${waysOf(found_by)}</li>
`
  const id = image_id ?? request_id
  if (id === null)
    return html`<li class="record panel">
<h3><a href="/audit/rows/${log_index}">Row ${log_index} of the log</a></h3>
<p class="hint">It is about no request.</p>
${waysOf(found_by)}</li>
`
  return html`<li class="record panel">
<h3><a href="/audit/history/${id}">${image_id === null ? 'Request' : 'Image'} <code>${id}</code></a></h3>
<p>${finding.state !== null && stateLabel(finding.erased_from ?? finding.state, finding.erased_from !== null)}</p>
<dl class="traits">
<div><dt>Tenant</dt><dd><bdi>${tenant?.name}</bdi></dd></div>
${moment('Ordered', finding.created_at, now)}${moment('Released', finding.published_at, now)}${moment('Withdrawn', finding.withdrawn_at, now)}${moment('Erased', finding.erased_at, now)}${image_id !== null && html`<div><dt>Request</dt><dd><a href="/audit/history/${request_id}"><code>${request_id}</code></a></dd></div>`}
${log_index !== null && html`<div><dt>Row</dt><dd><a href="/audit/rows/${log_index}">index ${log_index}</a></dd></div>`}
</dl>
${waysOf(found_by)}</li>
`
}

function moment(name: string, iso: string | null, now: Date): Html | false {
  return iso !== null && html`<div><dt>${name}</dt><dd>${time(new Date(iso), now)}</dd></div>\n`
}

function waysOf(ways: readonly Way[]): Html {
  return html`<ul class="found-by">${ways.map(
    ({ sure, shows, does_not_show }) =>
      html`<li>${sureLabel(sure)} <span>${shows}${does_not_show !== null && html` <span class="hint">${does_not_show}</span>`}</span></li>\n`,
  )}</ul>
`
}

/** What the public is told, and the scores that only compliance is. */
function scores({ answer, detail }: Verification): Html {
  const { watermark, fingerprint, manifest } = detail
  const rows: [string, string | number][] = [
    ['Verdict of the public check', answer.verdict],
    ['Manifest', answer.manifest.state ?? 'none'],
    ...(manifest.signed_by === null ? [] : [['Signed by', manifest.signed_by] as [string, string]]),
    ...(watermark === null
      ? []
      : ([
          ['Mark, z', round(watermark.z)],
          [
            'Mark, chance without one',
            watermark.p_value === 0 ? 'less than 1e-300' : watermark.p_value.toExponential(1),
          ],
          ['Bits that agree', watermark.agreement === null ? 'not read' : round(watermark.agreement)],
          ['Key epoch', watermark.epoch ?? 'none'],
          ['Scale', round(watermark.scale)],
          [
            'Turned',
            `${watermark.quarter_turns * 90 + round(watermark.degrees)}°${watermark.mirrored ? ', mirrored' : ''}`,
          ],
        ] as [string, string | number][])),
    ['Fingerprint, bits that differ', fingerprint.distance ?? 'not compared'],
  ]
  return html`<details><summary>Scores</summary>
<p class="hint">For compliance alone: they would show an attacker how far a removal has come.</p>
<dl class="particulars">${rows.map(([name, value]) => html`<div><dt>${name}</dt><dd class="number">${value}</dd></div>`)}</dl>
</details>`
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000
}
