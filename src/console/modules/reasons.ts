// A statement of reasons as people read it: what was found, which rule, why it applies, who decided, and what can be done. What has no
// translation stands as it was decided, and says so.

import type { StatementResource } from '../../http/statement-schemas.ts'
import { el } from './dom.ts'
import { day, said, words } from './speech.ts'
import { titleCase } from './words.ts'

type Nodes = (Node | string)[]

/** `link`: whether to lead to the statement's page, where the appeal is. */
export function reasons(statement: StatementResource, { link }: { link: boolean }): HTMLElement[] {
  const { ground, restriction, category_name, policy, rule, clause, band, classifiers, content_date } = statement
  const { rows, ...more } = words.reasons
  const quote = quoter(statement)
  const row = (name: string, ...value: Nodes) => [el('dt', {}, name), el('dd', {}, ...value)]
  return [
    el('p', { class: 'said' }, ...(rule === null ? quote('ground.text', ground.text) : quote('rule', rule))),
    el(
      'dl',
      { class: 'facts' },
      ...row(rows.decision, more.restricted[restriction.kind]),
      ...row(rows.decidedOn, day(statement.decided_at)),
      ...(category_name === null ? [] : row(rows.about, ...quote('category_name', titleCase(category_name)))),
      ...row(rows.found, `${placeOf(statement)} `, ...quote('facts', statement.facts)),
      ...row(rows.why, ...quote('ground.explanation', ground.explanation)),
      ...(band === null || band === 'matched' ? [] : row(rows.score, ...said(more.band, { band: more.bands[band] }))),
      ...row(rows.decidedBy, deciderOf(statement)),
      ...row(
        rows.reach,
        ...quote('restriction.scope', restriction.scope),
        el('br'),
        ...quote('restriction.duration', restriction.duration),
      ),
      ...row(
        rows.where,
        ...said(more.where, { territory: statement.territory.map(areaOf).join(', '), audience: statement.audience }),
      ),
      ...row(
        rows.ground,
        ...quote('ground.text', ground.text),
        ...(clause === null ? [] : [' ', ...said(more.rule, { clause })]),
      ),
      ...row(
        rows.policy,
        ...said(more.since, { policy: `${policy.id} ${policy.version}`, day: day(policy.effective) }),
      ),
      ...(classifiers.length === 0
        ? []
        : row(rows.software, classifiers.map(({ id, version }) => `${id} ${version}`).join(', '))),
      ...(content_date === null ? [] : row(rows.madeOn, day(content_date))),
      ...row(rows.charged, statement.charged ? more.paid : more.nothing),
      ...row(rows[statement.subject.kind], el('code', {}, statement.subject.id)),
      ...row(rows.statement, el('code', {}, statement.id)),
    ),
    el('h3', {}, more.remedies),
    el('ul', { class: 'plain', id: 'remedies' }, ...remedies(statement, link)),
  ]
}

/** A field's text; in the language that it was decided in where it has no other. */
export const quoter =
  ({ quoted }: StatementResource) =>
  (field: string, text: string): Nodes =>
    quoted.includes(field)
      ? [
          el('span', { lang: 'en', dir: 'auto' }, text),
          ' ',
          el('small', { class: 'hint' }, `(${words.reasons.quoted})`),
        ]
      : [text]

/** What the codes of ISO 3166 and EU are called; the economic area has no name of Unicode's, and what is no code stays as it is. */
function areaOf(code: string): string {
  if (code === 'EEA') return words.reasons.economicArea
  if (!/^[A-Z]{2}$/.test(code)) return code
  return new Intl.DisplayNames([document.documentElement.lang], { type: 'region' }).of(code) ?? code
}

function placeOf({ input_kind, stage, decided_by }: StatementResource): string {
  if (decided_by === 'owner') return ''
  if (stage === 'output') return words.reasons.inFinished
  return input_kind === 'prompt' ? words.reasons.inPrompt : words.reasons.inUpload
}

function deciderOf({ detection, decided_by }: StatementResource): string {
  if (decided_by === 'owner') return words.reasons.deciders.owner
  return words.reasons.deciders[decided_by === 'automated' ? 'bySoftware' : detection]
}

export function remedies(statement: StatementResource, link: boolean): HTMLElement[] {
  const { redress, appeal, appeal_url } = statement
  const quote = quoter(statement)
  const item = (...nodes: Nodes) => el('li', {}, ...nodes)
  if (redress.kind !== 'full' && redress.kind !== 'final') return [item(...quote('redress.text', redress.text))]
  const elsewhere = [
    item(...quote('redress.out_of_court', redress.out_of_court)),
    item(...quote('redress.courts', redress.courts)),
  ]
  if (redress.kind === 'final') return [item(...quote('redress.text', redress.text)), ...elsewhere]
  if (appeal !== null) return [item(words.reasons.appealed), ...elsewhere]
  const until = said(words.reasons.until, { day: day(redress.appeal_until) })
  const way = link && appeal_url !== null ? [' ', el('a', { href: appeal_url }, words.reasons.wayToAppeal)] : []
  return [item(...quote('redress.appeal', redress.appeal), ' ', ...until, ...way), ...elsewhere]
}
