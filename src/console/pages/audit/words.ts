// How the pages of an audit name states, doers and ways of finding, and which colour a move has.

import type { Sure } from '../../../audit/find.ts'
import type { By } from '../../../audit/history-facts.ts'
import type { Move } from '../../../audit/history-moves.ts'
import type { PolicyRef } from '../../../policy/policy.ts'
import { type Html, html } from '../../html.ts'

export type Tone = 'good' | 'warn' | 'bad' | 'plain'

const STATES: Readonly<Record<string, readonly [string, Tone]>> = {
  published: ['released', 'good'],
  held: ['held for a person', 'warn'],
  denied: ['refused', 'bad'],
  refused: ['refused', 'bad'],
  withdrawn: ['withdrawn', 'bad'],
  failed: ['failed', 'bad'],
}

/** A state as a small label in its colour; erased comes beside it. */
export function stateLabel(state: string, erased: boolean): Html {
  const [name, tone] = STATES[state] ?? [state, 'plain']
  return html`<span class="tag" data-tone="${tone}">${name}</span>${erased && html` <span class="tag" data-tone="warn">erased</span>`}`
}

const KINDS: Readonly<Record<string, Tone>> = {
  'image.cleared': 'good',
  'image.published': 'good',
  'appeal.overturned': 'good',
  'request.refused': 'bad',
  'request.failed': 'bad',
  'image.denied': 'bad',
  'image.withdrawn': 'bad',
  'image.failed': 'bad',
  'image.recheck_failed': 'bad',
  'generation.erased': 'bad',
  'image.held': 'warn',
  'image.reported': 'warn',
  'appeal.open': 'warn',
  'review.breached': 'warn',
  'legal_hold.placed': 'warn',
  restricted: 'warn',
}

export function toneOf({ kind }: Move): Tone {
  return KINDS[kind] ?? 'plain'
}

const SURE: Readonly<Record<Sure, string>> = {
  exact: 'exact',
  high: 'high confidence',
  medium: 'medium confidence',
  low: 'low confidence',
}

export function sureLabel(sure: Sure): Html {
  const tone: Tone = sure === 'exact' || sure === 'high' ? 'good' : 'warn'
  return html`<span class="tag" data-tone="${tone}">${SURE[sure]}</span>`
}

export function doer({ who, people, key, policy }: By, policies: readonly PolicyRef[]): Html {
  switch (who) {
    case 'gate':
      return html`by software${policy !== null && html`, policy ${policyNamed(policy, policies)}`}`
    case 'service':
      return html`by the service`
    case 'people':
      return people.length === 0 ? html`by people` : html`by ${ids(people)}`
    case 'owner':
      return html`by its owner${key !== null && html`, <code>${key}</code>`}${people.length > 0 && html`, ${ids(people)}`}`
    case 'operator':
      return html`by an administrator${people.length > 0 && html`, ${ids(people)}`}`
    case 'public':
      return html`by the public`
    case 'bearer':
      return html`by whoever has the statement’s link`
    case 'unrecorded':
      return html`by whom is not on record`
    default:
      return who satisfies never
  }
}

const ids = (all: readonly string[]) => all.map((id, i) => html`${i > 0 && ', '}<code>${id}</code>`)

/** By name and version where those are known, with its digest's beginning. */
export function policyNamed(digest: string, policies: readonly PolicyRef[]): Html {
  const known = policies.find((policy) => policy.digest === digest)
  return html`${known !== undefined && `${known.id} ${known.version}, `}${short(digest)}`
}

/** A digest's beginning, whole on hover. */
export function short(digest: string): Html {
  return digest.length < 24
    ? html`<code>${digest}</code>`
    : html`<code title="${digest}">${digest.slice(0, 12)}…</code>`
}
