// Ways out: of an item (back to the queue, up to the leads, to somebody else for good), of the work for a while, and of the shift.

import { post, problemOf } from '../api.ts'
import { button, el, plural } from '../dom.ts'
import { addressOf } from './claims.ts'
import { dropHeld, giveAheadBack, judging, next, now, putDown } from './flow.ts'
import { isResting, notice, root, say } from './rest.ts'
import { comeBack, endShift, openDialog, refresh, type Shift, takeBreak } from './shift.ts'
import { forget } from './verdict.ts'

const WAYS = {
  release: ['Give it back', 'It waits in its place again, for anybody.', 'What should they know?'],
  escalate: ['Hand it up', 'A lead decides it. You do not get it back.', 'What makes it hard?'],
  pass: ['Not this kind of thing', 'It goes to somebody else, and you are given nothing of its kind for now.', ''],
} as const

export function leave(act: keyof typeof WAYS): void {
  const claimed = now()
  if (claimed === null || !judging()) return
  const [heading, text, label] = WAYS[act]
  const note = el('textarea', { id: 'leave-note', maxlength: 2000, dir: 'auto', rows: 3, required: act === 'escalate' })
  const field = el('div', { class: 'field' }, el('label', { for: 'leave-note' }, label), note)
  openDialog(heading, [el('p', {}, text), ...(label === '' ? [] : [field])], heading, async () => {
    const said = note.value.trim()
    const aside = act === 'release' ? { aside: true } : {}
    const words = said === '' ? {} : { note: said }
    await post(addressOf(claimed.item.id, act), { lease: claimed.lease.token, ...aside, ...words })
    forget(claimed.item.id)
    // The one ahead may be of the same kind.
    if (act === 'pass') await giveAheadBack()
    putDown(claimed)
    void next()
    void refresh().catch(() => undefined)
  })
}

let due: HTMLElement | null = null
let lastTold = ''

export function onShift({ break: pause }: Shift): void {
  const rested = root.dataset.resting === 'yes'
  const resting = pause.state === 'on_break' || pause.state === 'required'
  root.dataset.resting = resting ? 'yes' : 'no'
  const told = `${pause.state} ${pause.until ?? ''} ${pause.since ?? ''}`
  // Asked every minute: what was said already, and perhaps dismissed, is not said again.
  if (told === lastTold && (!resting || isResting('break'))) return
  lastTold = told
  due?.remove()
  if (resting) rest(pause)
  else if (rested) void next()
  if (pause.state === 'due')
    due = notice(
      'A break is due.',
      {},
      button('Take it now', () => void pauseNow()),
    )
}

function rest({ state, until }: Shift['break']): void {
  dropHeld()
  if (state === 'required') {
    const text = 'You have been at it for long. The next item waits until you have had one.'
    say(
      'break',
      'Time for a break',
      text,
      button('Begin the break', () => void pauseNow()),
    )
    return
  }
  const clock = until === null ? '' : new Date(until).toLocaleTimeString('en', { hour: '2-digit', minute: '2-digit' })
  const text = 'Nothing is held for you meanwhile. Look at something far away.'
  say(
    'break',
    clock === '' ? 'A break' : `A break until ${clock}`,
    text,
    button('Come back', () => void back()),
  )
}

export const pauseNow = () => takeBreak().catch((cause) => void notice(problemOf(cause).message))
const back = () => comeBack().catch((cause) => void notice(problemOf(cause).message))

export function end(): void {
  endShift((released) => {
    dropHeld()
    const text = `${plural(released, 'item')} went back to the queue. Thank you.`
    say(
      'over',
      'Your shift is over',
      text,
      button('Begin again', () => void next()),
    )
  })
}
