// The routing rules as a lead has them before them: those in force, or a draft of them that the page carries from one act to the next
// until it is saved. Every act is a button of a form, so all of it works without script.

import { canonical } from '../../../kernel/canonical.ts'
import type { Routing } from '../../../review/routing-records.ts'
import { MOST_RULES, type RoutingRule } from '../../../review/routing-rules.ts'
import type { RuleTrial, Trial } from '../../../review/routing-trial.ts'
import { type Html, html } from '../../html.ts'
import { trialTables } from './routing-trial.ts'
import { type Lists, namesOf, ruleForm, type Said } from './rule-form.ts'
import { counted, type NameOf, sentenceOf } from './rule-sentence.ts'

export type Act = 'edit' | 'up' | 'down' | 'remove'
export type RoutingView = {
  readonly inForce: Routing
  readonly lists: Lists
  readonly draft: readonly RoutingRule[]
  /** The one that the draft was made from: whoever saves on top of another is told. */
  readonly version: number
  /** The rule that is being written, and what is wrong with it. */
  readonly editing?: { readonly place: number; readonly said: Said; readonly wrong: string | null }
  /** Where the keyboard goes on. */
  readonly focus?: { readonly place: number; readonly act: Act }
  readonly error?: string
  readonly trial?: Trial
  /** What has to be answered before it is saved. */
  readonly asked?: { readonly because: 'few'; readonly rules: readonly RuleTrial[] } | { readonly because: 'conflict' }
}

export function routingPage(view: RoutingView): Html {
  const { inForce, lists, draft, version, editing, focus, error, trial, asked } = view
  const nameOf = namesOf(lists)
  const changed = canonical([...draft]) !== canonical([...inForce.rules])
  const hidden = html`<input type="hidden" name="version" value="${version}"><input type="hidden" name="draft" value="${JSON.stringify(draft)}">`
  const onAdd = focus !== undefined && draft[focus.place] === undefined
  const places = editing === undefined ? draft.length : Math.max(draft.length, editing.place + 1)
  return html`<div class="routing stack" id="routing"${changed && html` data-unsaved`}>
<header class="lead">
<h1>Routing</h1>
<p>When an item comes, the first rule that matches it decides beside the defaults: who may have it, how many have to judge it, how soon. What came before stays as it was.</p>
<p class="hint">${standing(inForce)}</p>
</header>
<form id="acts" method="post" action="/review/routing">${hidden}</form>
${asked !== undefined && question(asked, inForce, nameOf)}
<ol class="rules">
${Array.from({ length: places }, (_, place) =>
  editing?.place === place
    ? html`<li>${ruleForm(lists, editing.said, editing.wrong, place, hidden)}</li>\n`
    : html`<li class="rule panel">${shownRule(view, place, nameOf)}</li>\n`,
)}</ol>
${places === 0 && html`<p class="panel">There are no rules: every item goes by the defaults.</p>`}
${error !== undefined && html`<p class="error" role="alert">${error}</p>`}
${
  editing === undefined &&
  html`<div class="tools">
${changed && html`<p class="unsaved">Not saved yet</p>`}
<div class="row">
${draft.length < MOST_RULES ? html`<button form="acts" name="act" value="add"${onAdd && html` autofocus`}>Add a rule</button>` : html`<p class="hint">There can be ${MOST_RULES} rules at most.</p>`}
<button form="acts" name="act" value="try">Try it on the last day</button>
${changed && html`<button form="acts" name="act" value="save" class="primary">Save</button>\n<a class="button quiet" href="/review/routing">Drop the changes</a>`}
</div>
</div>`
}
${trial !== undefined && trialTables(trial)}
<p class="hint">Whatever matches no rule goes by the defaults alone. Gold questions are never routed; of what is restricted, rules decide only how soon it comes and whether it is for leads alone.</p>
</div>`
}

function standing({ version, changed }: Routing): Html {
  if (changed === null) return html`Nobody has set any rules yet.`
  const at = changed.at.toISOString()
  return html`Version ${version}, set by <bdi>${changed.name}</bdi> on <time datetime="${at}">${at.slice(0, 10)} at ${at.slice(11, 16)} UTC</time>`
}

function shownRule({ draft, inForce, editing, focus }: RoutingView, place: number, nameOf: NameOf): Html | false {
  const rule = draft[place]
  if (rule === undefined) return false
  const isNew = !inForce.rules.some((one) => canonical(one) === canonical(rule))
  const button = (act: Act, text: string, possible = true) => {
    const focused = focus?.place === place && focus.act === act
    return html`<button class="quiet" form="acts" name="act" value="${act}.${place}" aria-label="${text}: ${rule.name}, ${place + 1} of ${draft.length}"${!possible && html` aria-disabled="true"`}${focused && html` autofocus`}>${text}</button>\n`
  }
  return html`<h2><bdi>${rule.name}</bdi>${isNew && html` <span class="unsaved">not saved</span>`}</h2>
${sentenceOf(rule, nameOf)}
${
  editing === undefined &&
  html`<div class="row">
${button('edit', 'Edit')}${button('up', 'Up', place > 0)}${button('down', 'Down', place < draft.length - 1)}${button('remove', 'Remove')}</div>`
}`
}

function question(
  asked: NonNullable<RoutingView['asked']>,
  { version, rules, changed }: Routing,
  nameOf: NameOf,
): Html {
  if (asked.because === 'few')
    return html`<section class="asked panel stack" aria-labelledby="asked">
<h2 id="asked" tabindex="-1" autofocus>Some items would find too few people</h2>
<ul class="plain">${asked.rules.map(({ name, matched, nobody, too_few: few }) => {
      const left = [nobody > 0 && `nobody for ${nobody}`, few > nobody && `too few people for ${few - nobody}`]
      return html`<li><b><bdi>${name}</bdi></b> decides about ${counted(matched, 'item')} of the last day, and there is ${left.filter(Boolean).join(' and ')}.</li>`
    })}</ul>
<div class="row"><button form="acts" name="act" value="sure" class="primary">Save all the same</button>
<button form="acts" name="act" value="back">Go on editing</button></div>
</section>`
  return html`<section class="asked panel stack" aria-labelledby="asked">
<h2 id="asked" tabindex="-1" autofocus><bdi>${changed?.name}</bdi> saved version ${version} meanwhile</h2>
<p>Below is yours, as you left it. This is theirs:</p>
<ol class="theirs">${rules.map((rule) => html`<li><b><bdi>${rule.name}</bdi></b>${sentenceOf(rule, nameOf)}</li>`)}</ol>
${rules.length === 0 && html`<p>No rules at all.</p>`}
<div class="row"><button form="acts" name="act" value="save">Save mine in place of theirs</button>
<a class="button" href="/review/routing">Take theirs, drop mine</a></div>
</section>`
}
