// `/review/routing`, for leads: the rules by which items go to people, changed in a draft that is saved as a whole. Each act answers the
// page as it is then; saving is what PUT /v1/review/routing does.

import { callerOf } from '../../http/access.ts'
import { isFault } from '../../kernel/fault.ts'
import { reviewerOf } from '../../review/reviewer.ts'
import { routingChoices } from '../../review/routing-choices.ts'
import { routingInForce, setRouting } from '../../review/routing-records.ts'
import { type RoutingRule, requireSense } from '../../review/routing-rules.ts'
import { tryRouting } from '../../review/routing-trial.ts'
import type { Caller } from '../../tenant/caller.ts'
import type { ConsoleOptions } from '../console.ts'
import type { Frame, Page } from '../frame.ts'
import { type RoutingView, routingPage as routingBody } from '../pages/leads/routing.ts'
import { BLANK, listsOf, readRule } from '../pages/leads/rule-form.ts'
import { changed, moved, type Posted, readPosted } from './routing-draft.ts'

type Desk = NonNullable<ConsoleOptions['desk']>
const PATH = '/review/routing'
const LEADS = ['lead'] as const
const HOURS = 24

export function routingPage(frame: Frame, desk: Desk): void {
  frame.closed(PATH, LEADS, async () => drawn(desk, {}))
  frame.acts(PATH, LEADS, async (fields, request) => {
    const posted = readPosted(fields)
    const caller = callerOf(request)
    if (posted.act === 'save' || posted.act === 'sure') {
      const held = await save(desk, caller, posted)
      return held === null ? { elsewhere: PATH } : drawn(desk, { ...draftOf(posted), ...held })
    }
    return drawn(desk, { ...draftOf(posted), ...(await act(desk, caller, posted, fields)) })
  })
}

const draftOf = ({ draft, version }: Posted) => ({ draft, version })

/** `version`: of what is in force unless the draft was made from another. */
type Shown = Partial<Omit<RoutingView, 'inForce' | 'lists'>>

async function drawn({ ground, review }: Desk, shown: Shown): Promise<Page> {
  const { sql } = ground.database
  const inForce = await routingInForce(sql)
  const draft = shown.draft ?? inForce.rules
  const rules = [...draft, ...inForce.rules]
  const lists = listsOf(await routingChoices(sql, review.policy, rules), rules)
  const { version = inForce.version } = shown
  const body = routingBody({ inForce, lists, ...shown, draft, version })
  return { title: 'Routing', body, modules: ['leads/routing.ts'] }
}

/** What the page shows after an act that saves nothing. */
async function act(desk: Desk, caller: Caller, posted: Posted, fields: URLSearchParams): Promise<Shown> {
  const { act, place, draft } = posted
  switch (act) {
    case 'add':
      return { editing: { place: draft.length, said: BLANK, wrong: null } }
    case 'edit':
      return { editing: { place, said: draft[place] ?? BLANK, wrong: null } }
    case 'put':
      return put(desk, posted, fields)
    case 'up':
    case 'down':
      return moved(draft, place, act)
    case 'remove':
      return { draft: changed(draft, place), focus: { place: Math.min(place, draft.length - 2), act: 'remove' } }
    case 'try':
      return told(draft, async () => ({ trial: await tried(desk, caller, draft) }))
    default:
      return { focus: { place, act: 'edit' } }
  }
}

const tried = ({ ground, review }: Desk, caller: Caller, rules: readonly RoutingRule[]) =>
  tryRouting(ground.database.sql, review, reviewerOf(caller), { rules, hours: HOURS })

async function put({ ground, review }: Desk, { place, draft }: Posted, fields: URLSearchParams): Promise<Shown> {
  const read = readRule(fields)
  if ('wrong' in read) return { editing: { place, ...read } }
  try {
    await requireSense(ground.database.sql, review.policy, [read.rule])
  } catch (cause) {
    if (!isFault(cause, 'invalid_request')) throw cause
    return { editing: { place, said: read.rule, wrong: whyOf(cause.message) } }
  }
  return { draft: changed(draft, place, read.rule), focus: { place, act: 'edit' } }
}

/** Null: it is saved. Otherwise what has to be answered or mended first. */
async function save(desk: Desk, caller: Caller, { act, draft, version }: Posted): Promise<Shown | null> {
  const { ground, review } = desk
  try {
    const few = act === 'sure' ? [] : (await tried(desk, caller, draft)).rules.filter(({ too_few }) => too_few > 0)
    if (few.length > 0 && version === (await routingInForce(ground.database.sql)).version)
      return { asked: { because: 'few', rules: few } }
    await setRouting(ground.database, review.policy, caller, { version, rules: draft })
    return null
  } catch (cause) {
    // Both are shown: whoever goes on from there writes on top of what is in force now.
    if (isFault(cause, 'conflict')) {
      const { version: now } = await routingInForce(ground.database.sql)
      return { asked: { because: 'conflict' }, version: now }
    }
    return told(draft, () => Promise.reject(cause))
  }
}

/** What makes no sense is said on the page, by the rule that it is about. */
async function told(draft: readonly RoutingRule[], does: () => Promise<Shown>): Promise<Shown> {
  try {
    return await does()
  } catch (cause) {
    if (!isFault(cause, 'invalid_request')) throw cause
    const place = Number(/^rules\[(\d+)\]/.exec(cause.message)?.[1] ?? Number.NaN)
    const name = draft[place]?.name
    const error = name === undefined ? cause.message : `Rule ${place + 1}, ${name}: ${whyOf(cause.message)}`
    return { error, focus: { place, act: 'edit' } }
  }
}

/** Without the field that it names. */
function whyOf(message: string): string {
  return message.replace(/^rules\S*: /, '')
}
