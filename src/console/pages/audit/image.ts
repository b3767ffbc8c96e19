// What an image is now: its state, what it carries, what it is known by, and what software scored it.

import type { HistoryImage } from '../../../audit/history.ts'
import type { Json } from '../../../kernel/canonical.ts'
import { type Html, html } from '../../html.ts'
import { time } from '../../times.ts'
import { short, stateLabel } from './words.ts'

type Drawn = { of: number; asked: boolean; now: Date }

export function imageCard(image: HistoryImage, { of, asked, now }: Drawn): Html {
  const { id, position, state, failure, published_at, withdrawn_at, erased_at, release_index: release } = image
  return html`<article class="card panel" id="${id}"${asked && html` data-asked`}>
<h3>${of === 1 ? 'Image' : `Image ${position + 1} of ${of}`} ${stateLabel(state, erased_at !== null)}</h3>
<p class="hint"><code>${id}</code></p>
<dl class="particulars">
${fact('Failed by', failure)}${fact('Released', published_at && time(new Date(published_at), now))}${fact('Withdrawn', withdrawn_at && time(new Date(withdrawn_at), now))}${fact('Erased', erased_at && time(new Date(erased_at), now))}${carried(image)}${fact('Statement', image.statement_id && html`<a href="#${image.statement_id}"><code>${image.statement_id}</code></a>`)}${fact('Release in the log', release !== null && html`<a href="/audit/rows/${release}">index ${release}</a>`)}</dl>
${scores(image.verdict)}
</article>`
}

function carried({ mark, manifest_id, fingerprint, drawn_sha256 }: HistoryImage): Html {
  if (mark === null)
    return html`${fact('Marks', 'none: it was not marked')}${fact('SHA-256 of the drawing', drawn_sha256 && short(drawn_sha256))}`
  return html`${fact('Mark', html`<code>${mark.number}</code>${mark.binding !== null && html`, in manifests <code>${mark.binding}</code>`}`)}${fact('Mark, read back', mark.watermark_agreement !== null && `${Math.round(mark.watermark_agreement * 1000) / 10} % of its bits agreed`)}${fact('Second mark', mark.trustmark)}${fact('Manifest', html`<code>${manifest_id}</code>`)}${fact('Manifest, read back', mark.manifest_state)}${fact('Timestamp in it', mark.timestamp ? 'yes' : 'none')}${fact('Visible label', mark.label ? 'yes' : 'none')}${fact('SHA-256 of the file', short(mark.file_sha256))}${fact('SHA-256 of the pixels', mark.pixels_sha256 && short(mark.pixels_sha256))}${fact('Fingerprint', fingerprint && short(fingerprint))}`
}

function fact(name: string, value: Html | string | null | false | undefined): Html | false {
  return (
    value !== null &&
    value !== undefined &&
    value !== false &&
    value !== '' &&
    html`<div><dt>${name}</dt><dd>${value}</dd></div>\n`
  )
}

/** By category, the highest first; as the record of the verdict has them. */
function scores(verdict: Json): Html | false {
  const all = typeof verdict === 'object' && verdict !== null && !Array.isArray(verdict) ? verdict.scores : null
  if (typeof all !== 'object' || all === null || Array.isArray(all)) return false
  const numbers = Object.entries(all).flatMap(([name, score]) => (typeof score === 'number' ? [{ name, score }] : []))
  if (numbers.length === 0) return false
  return html`<details><summary>What software scored</summary>
<dl class="particulars scored">${numbers
    .toSorted((a, b) => b.score - a.score)
    .map(
      ({ name, score }) =>
        html`<div><dt>${name}</dt><dd class="number">${score.toFixed(3)} <svg viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true"><rect width="${Math.round(score * 100)}" height="6"/></svg></dd></div>`,
    )}</dl>
</details>`
}
