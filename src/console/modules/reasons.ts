// A statement of reasons as people read it: what was found, which rule, why it applies, who decided, and what can be done.

import type { StatementResource } from '../../http/routes/statements.ts'
import { el } from './dom.ts'
import { titleCase } from './words.ts'

const restricted = {
  request_refused: 'The request was refused; nothing was generated',
  image_withheld: 'The finished picture is not handed out',
  image_withdrawn: 'The picture was published and is not handed out any more',
}
const bands = {
  matched: null,
  low: 'low',
  borderline: 'borderline',
  elevated: 'elevated',
  high: 'high',
  unscored: 'not scored',
}

export const day = (iso: string) =>
  el(
    'time',
    { datetime: iso },
    new Date(iso).toLocaleDateString('en', { day: 'numeric', month: 'long', year: 'numeric' }),
  )

/** `link`: whether to lead to the statement's page, where the appeal is. */
export function reasons(statement: StatementResource, { link }: { link: boolean }): HTMLElement[] {
  const { ground, restriction, category_name, policy, rule, clause, band, classifiers, content_date } = statement
  const row = (name: string, ...value: (Node | string)[]) => [el('dt', {}, name), el('dd', {}, ...value)]
  const score = band === null ? null : bands[band]
  return [
    el('p', { class: 'said' }, rule ?? ground.text),
    el(
      'dl',
      { class: 'facts' },
      ...row('Decision', `${restricted[restriction.kind]}.`),
      ...row('Decided on', day(statement.decided_at)),
      ...(category_name === null ? [] : row('About', titleCase(category_name))),
      ...row('Found', found(statement)),
      ...row('Why', ground.explanation),
      ...(score === null ? [] : row('Score', `The band was: ${score}.`)),
      ...row('Decided by', `${decider(statement)}.`),
      ...row('Reach', restriction.scope, el('br'), restriction.duration),
      ...row('Where', `${statement.territory.join(', ')}. The rules are made for: ${statement.audience}.`),
      ...row('Ground', `${ground.text}${clause === null ? '' : ` Rule ${clause}.`}`),
      ...row('Policy', `${policy.id} ${policy.version}, in force since `, day(policy.effective)),
      ...(classifiers.length === 0
        ? []
        : row('Software', classifiers.map(({ id, version }) => `${id} ${version}`).join(', '))),
      ...(content_date === null ? [] : row('Made on', day(content_date))),
      ...row('Charged', statement.charged ? 'The picture was paid for when it was published.' : 'Nothing.'),
      ...row(titleCase(statement.subject.kind), el('code', {}, statement.subject.id)),
      ...row('Statement', el('code', {}, statement.id)),
    ),
    el('h3', {}, 'What you can do'),
    el('ul', { class: 'plain' }, ...remedies(statement, link)),
  ]
}

function found({ input_kind, stage, facts, decided_by }: StatementResource): string {
  if (decided_by === 'owner') return facts
  if (stage === 'output') return `In the finished picture. ${facts}`
  const where = input_kind === 'prompt' ? 'In the prompt' : 'In the picture that was sent'
  return `${where}, before anything was drawn. ${facts}`
}

function decider({ detection, decided_by }: StatementResource): string {
  if (decided_by === 'owner') return 'Whoever had the picture made'
  if (decided_by === 'automated') return 'Software found it and software decided; no person has looked at it yet'
  const noticed = {
    automated: 'Software found it',
    manual: 'A person found it',
    notice: 'Somebody told us of it',
  }
  return `${noticed[detection]} and a person decided`
}

function remedies({ redress, appeal, appeal_url }: StatementResource, link: boolean): HTMLElement[] {
  switch (redress.kind) {
    case 'full': {
      const way = link && appeal === null && appeal_url !== null
      return [
        appeal === null
          ? el(
              'li',
              {},
              redress.appeal,
              ' Until ',
              day(redress.appeal_until),
              '. ',
              way && el('a', { href: appeal_url }, 'Appeal against this'),
            )
          : el('li', {}, 'The appeal that there is has been made.'),
        el('li', {}, redress.out_of_court),
        el('li', {}, redress.courts),
      ]
    }
    case 'final':
      return [redress.text, redress.out_of_court, redress.courts].map((text) => el('li', {}, text))
    default:
      return [el('li', {}, redress.text)]
  }
}
