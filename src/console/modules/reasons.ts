// A statement of reasons as people read it: what was found, which rule, why it applies, who decided, and what can be done.

import type { StatementJson } from '../../statement/outputs.ts'
import { el } from './dom.ts'
import { titleCase } from './words.ts'

const found = { prompt: 'In the prompt, before anything was drawn', image: 'In the finished picture' }

const day = (iso: string) =>
  el(
    'time',
    { datetime: iso },
    new Date(iso).toLocaleDateString('en', { day: 'numeric', month: 'long', year: 'numeric' }),
  )

export function reasons(statement: StatementJson, appealsOpen: boolean): HTMLElement[] {
  const { ground, restriction, redress, category_name, policy } = statement
  const row = (name: string, ...value: (Node | string)[]) => [el('dt', {}, name), el('dd', {}, ...value)]
  return [
    el('p', { class: 'said' }, statement.rule),
    el(
      'dl',
      { class: 'facts' },
      ...row('About', titleCase(category_name)),
      ...row('Found', `${found[statement.input_kind]}. ${statement.facts}`),
      ...row('Why', ground.explanation),
      ...row('Decided by', decider(statement)),
      ...row('Reach', restriction.scope, el('br'), restriction.duration),
      ...row('Ground', `${ground.text} Version ${policy.version}.`),
      ...row('Statement', el('code', {}, statement.id)),
    ),
    el('h3', {}, 'What you can do'),
    el(
      'ul',
      { class: 'plain' },
      appealsOpen &&
        redress.kind !== 'restricted' &&
        el(
          'li',
          {},
          el('a', { href: `/appeals?statement=${encodeURIComponent(statement.id)}` }, 'Appeal against this'),
        ),
      ...(redress.kind === 'restricted'
        ? [el('li', {}, redress.text)]
        : [
            el('li', {}, redress.appeal, ' Until ', day(redress.appeal_until), '.'),
            el('li', {}, redress.out_of_court),
            el('li', {}, redress.courts),
          ]),
    ),
  ]
}

function decider({ automated_detection, automated_decision }: StatementJson): string {
  const noticed = automated_detection ? 'Software found it' : 'A person found it'
  return automated_decision
    ? `${noticed} and software decided; no person has looked at it yet`
    : `${noticed} and a person decided`
}
