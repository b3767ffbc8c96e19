// What is shown of an item once one's own verdict is stored: what it was, what software found measured against its thresholds, what was
// decided before and why beside one's own verdict, what the appellant says, what others found, and what became of similar ones.

import type { Disclosed, Score } from '../../../review/disclose.ts'
import type { ItemView } from '../../../review/view.ts'
import { post } from '../api.ts'
import { el, plural, when } from '../dom.ts'
import { titleCase } from '../words.ts'
import { addressOf } from './claims.ts'

const SIMILAR = 5
const kinds = {
  hold: 'A picture that was held',
  appeal: 'An appeal',
  audit: 'A sample of what software decided alone',
  report: 'A picture that somebody reported',
  gold: 'A question whose answer is known',
  escalation: 'A restricted case',
}
const outcomes: Record<string, string> = { allow: 'Allowed', deny: 'Denied', omit: 'Left undecided' }

export function told({ id, choices, subject }: ItemView, disclosed: Disclosed): HTMLElement[] {
  const { kind, category_name, rule, clause, automated, appeal, earlier, own, others, similar, siblings, ruling } =
    disclosed
  const wordsOf = (key: string | null) =>
    [...choices.allow_reasons, ...choices.omit_reasons].find((one) => one.key === key)?.text ?? key
  const verdict = (one: { outcome: string; clause: string | null; reason: string | null }) =>
    [outcomes[one.outcome] ?? one.outcome, one.clause, wordsOf(one.reason)].filter(Boolean).join(', ')
  return [
    el('p', { class: 'kicker' }, kinds[kind]),
    category_name !== null &&
      el('p', {}, el('strong', {}, titleCase(category_name)), rule !== null && `: ${rule} `, code(clause)),
    appeal !== null &&
      part(
        'What the appellant says',
        el('blockquote', { class: 'words', dir: 'auto' }, appeal.text ?? 'Nothing: it was erased.'),
        appeal.purpose !== null && el('p', { class: 'hint' }, `Declared for: ${appeal.purpose}`),
      ),
    automated !== null &&
      part(
        'What software found',
        el('p', { class: 'hint' }, said(automated)),
        el('ul', { class: 'scores' }, ...automated.scores.map(plot)),
      ),
    el(
      'div',
      { class: 'beside' },
      part('The earlier decision', ...before(earlier)),
      part(
        'Yours',
        own !== null && el('p', {}, verdict(own)),
        own?.note && el('p', { class: 'hint', dir: 'auto' }, own.note),
        others.length > 0 && el('p', {}, 'Others: ', others.map(verdict).join('; ')),
        ruling !== null && el('p', {}, el('strong', {}, `Ruled: ${verdict(ruling)}`)),
      ),
    ),
    kind === 'appeal' && own !== null && answer(id, own),
    subject.kind === 'image' &&
      siblings.length > 0 &&
      part(
        'Other pictures of the request',
        el('p', {}, siblings.map(({ position, state }) => `${position + 1}: ${state}`).join(', ')),
      ),
    similar.length > 0 &&
      part(
        'Earlier decisions under this rule, of the same customer',
        el(
          'ul',
          { class: 'plain' },
          ...similar.slice(0, SIMILAR).map((one) => el('li', {}, verdict(one), ' ', when(one.closed_at))),
        ),
      ),
  ].filter((one) => one !== false)
}

function part(title: string, ...children: (Node | string | false | null | undefined | '')[]): HTMLElement {
  return el('section', { class: 'part' }, el('h3', {}, title), ...children)
}

const code = (text: string | null) => text !== null && el('code', {}, text)

function said({ verdict, reason, policy }: NonNullable<Disclosed['automated']>): string {
  const words = { hold: 'Held for a person', deny: 'Refused', allow: 'Allowed' }
  const word = Object.entries(words).find(([key]) => key === verdict)?.[1] ?? titleCase(verdict)
  const why = { hold_band: 'its score lies between the thresholds' }
  const because = Object.entries(why).find(([key]) => key === reason)?.[1] ?? reason?.replace(/_/g, ' ')
  return `${word}${because === undefined ? '' : `: ${because}`}${policy === null ? '' : ` (policy ${policy})`}`
}

/** A score from 0 to 1 on a track with its thresholds. */
function plot({ category_name, score, hold, deny }: Score): HTMLElement {
  const at = (part: string, value: number) => {
    const mark = el('i', { class: part })
    mark.style.setProperty('--at', String(value))
    return mark
  }
  const band = deny !== null && score >= deny ? 'deny' : hold !== null && score >= hold ? 'hold' : 'none'
  const limits = [hold !== null && `held from ${hold}`, deny !== null && `refused from ${deny}`]
    .filter(Boolean)
    .join(', ')
  return el(
    'li',
    { 'data-band': band },
    el('span', {}, titleCase(category_name)),
    el(
      'span',
      { class: 'track', 'aria-hidden': 'true' },
      at('fill', score),
      hold !== null && at('hold', hold),
      deny !== null && at('deny', deny),
    ),
    el('span', { class: 'number' }, score.toFixed(2)),
    el('small', {}, limits),
  )
}

/** A statement's record, as far as it is shown here. */
function before(earlier: Disclosed['earlier']): (Node | string)[] {
  if (earlier === null) return ['None: nothing was decided yet.']
  const record: Record<string, unknown> = Object(earlier.record)
  const text = (key: string) => (typeof record[key] === 'string' ? record[key] : '')
  return [
    el('p', {}, text('facts')),
    el('p', {}, text('rule'), ' ', code(text('clause')) || ''),
    el(
      'p',
      { class: 'hint' },
      earlier.decided_by_people ? 'People decided.' : 'Software decided.',
      ' ',
      code(earlier.statement_id) || '',
    ),
  ]
}

/** The reasoned answer as the appellant would read it if it were decided so. */
function answer(id: string, { outcome, clause, findings, reason }: NonNullable<Disclosed['own']>): HTMLElement {
  const text = el('p', { class: 'said' }, '…')
  const title = el('h3', {}, 'The answer')
  post<{ text?: string; more?: number }>(addressOf(id, 'preview'), { outcome, clause, findings, reason }).then(
    (shown) => {
      const more = shown.more ?? 0
      title.textContent =
        more === 0
          ? 'The answer, as the appellant will read it'
          : `Nothing is decided yet. The answer, if ${plural(more, 'more person finds', 'more people find')} the same`
      text.replaceChildren(shown.text ?? '')
    },
    (cause: Error) => text.replaceChildren(`It could not be written: ${cause.message}`),
  )
  return el('section', { class: 'part' }, title, text)
}

export const verdictWord = (outcome: string) => outcomes[outcome] ?? outcome
