// The desk: one item after another. While one is judged the next is claimed and its picture fetched, so that it is there at once. Verdicts
// go out behind the reviewer's back (outbox.ts); where a look at what it was is wanted, the page stays. Whatever goes wrong is said on
// the page with a way on, and what was typed stays under its item. flow.ts has the order, deciding.ts what follows a verdict.

import { announce, button, find, plural } from '../dom.ts'
import { end, leave, onShift, pauseNow } from './breaks.ts'
import { giveBack, keepHolding, remember } from './claims.ts'
import { listen, openPalette, openSheet } from './commands.ts'
import { decide, look, lost, undo } from './deciding.ts'
import { begin, elsewhere, held, judging, lane, next, now, signedOut, takeOver, whenLost } from './flow.ts'
import { canTranslate, mayRevealPrompt, revealPrompt, showPreview, translate } from './item.ts'
import { listMine } from './mine.ts'
import { adopt, isOnTheWay, last, lastUndoable, onSent } from './outbox.ts'
import { hasInput, hasPicture, onPreference, resize, showInput, toggleGrey, toggleReveal } from './picture.ts'
import { isResting, root, say } from './rest.ts'
import { chooseSkips, keepPreferences } from './shift.ts'
import { followQueue, type Lanes, type Undoable } from './stream.ts'
import { focusFilter, focusNote, pickDigit, pickOutcome } from './verdict.ts'

const lead = root.dataset.lead === 'yes'
const form = find('verdict', HTMLFormElement)

form.addEventListener('submit', (event) => {
  event.preventDefault()
  void decide(false)
})
/** Enter decides from wherever it means nothing else. */
addEventListener('keydown', (event) => {
  const told = root.dataset.view === 'told'
  if (event.key !== 'Enter' || !(judging() || told) || document.querySelector('dialog[open]') !== null) return
  const { target } = event
  if (!(target instanceof HTMLElement) || target.matches('button[type=button], a, summary, [type=search]')) return
  if (target instanceof HTMLTextAreaElement && !event.ctrlKey && !event.metaKey) return
  event.preventDefault()
  if (event.repeat) return
  if (told) void next()
  else void decide(event.shiftKey)
})
/** One leaves a field by Escape, and single keys work again. */
addEventListener('keydown', ({ key, target }) => {
  if (key !== 'Escape' || document.querySelector('dialog[open]') !== null) return
  if (target instanceof HTMLTextAreaElement || target instanceof HTMLInputElement)
    find('item-title', HTMLElement).focus()
})
/** A verdict that is not stored yet would go with the tab. */
addEventListener('beforeunload', (event) => {
  if (isOnTheWay()) event.preventDefault()
})
addEventListener('pagehide', () => {
  remember(held())
  for (const claimed of held()) void giveBack(claimed)
})
addEventListener('pageshow', (event) => {
  if (event.persisted) location.reload()
})

const outcome = (name: string, key: string, which: 'allow' | 'deny' | 'omit') => ({
  ...{ name, key, can: judging },
  run: () => pickOutcome(which),
})
listen(
  [
    outcome('Allow', 'a', 'allow'),
    outcome('Deny', 'd', 'deny'),
    ...(lead ? [outcome('Leave undecided', 'o', 'omit')] : []),
    { name: 'Find a rule', key: '/', can: judging, run: focusFilter },
    { name: 'Write a note', key: 'n', can: judging, run: focusNote },
    { name: 'Show or blur the picture', key: ' ', can: hasPicture, run: () => void toggleReveal() },
    { name: 'Grey, or in colour', key: 'g', can: hasPicture, run: toggleGrey },
    { name: 'Larger', key: '+', can: hasPicture, run: () => resize(1) },
    { name: 'Smaller', key: '-', can: hasPicture, run: () => resize(-1) },
    { name: 'The picture that it started from', key: 'i', can: hasInput, run: () => void showInput() },
    { name: 'Show the prompt', key: 'p', can: mayRevealPrompt, run: () => void revealPrompt() },
    { name: 'Translate the prompt', key: 't', can: canTranslate, run: () => void translate() },
    { name: 'Preview what they will read', key: 'v', can: judging, run: () => void showPreview() },
    { name: 'Next item', key: 'j', can: () => !judging() && now() === null, run: () => void next() },
    { name: 'Undo', key: 'u', can: () => lastUndoable() !== undefined, run: () => void undo(lastUndoable()) },
    { name: 'What was the last one?', key: 'l', can: () => last() !== undefined, run: () => void look(last()) },
    { name: 'Give it back', key: 'r', can: judging, run: () => leave('release') },
    ...(lead ? [] : [{ name: 'Hand it up to a lead', key: 'e', can: judging, run: () => leave('escalate') }]),
    { name: 'Not this kind of thing, today', key: 'x', can: judging, run: () => leave('pass') },
    { name: 'My last verdicts', key: 'm', run: () => void listMine() },
    { name: 'What I would rather not see', run: chooseSkips },
    { name: 'Take a break', key: 'b', run: () => void pauseNow() },
    { name: 'End the shift', run: end },
    { name: 'Keys', key: '?', run: openSheet },
  ],
  (digit) => judging() && pickDigit(digit),
)
const buttons = {
  ...{
    commands: openPalette,
    'open-keys': openSheet,
    break: pauseNow,
    end,
    skips: chooseSkips,
    'look-at': showPreview,
  },
  ...{ 'take-over': takeOver, back: () => leave('release'), up: () => leave('escalate'), pass: () => leave('pass') },
}
for (const [id, run] of Object.entries(buttons))
  document.getElementById(id)?.addEventListener('click', () => void run())

function onQueue(lanes: Lanes, undoable: readonly Undoable[]): void {
  adopt(undoable)
  const more = elsewhere().length
  const place = find('elsewhere', HTMLElement)
  place.hidden = more === 0
  find('elsewhere-count', HTMLElement).textContent =
    `You hold ${plural(more, 'item')} in another tab, or in one that is gone.`
  const waiting = Object.entries(lanes).reduce(
    (sum, [name, count]) => sum + (lane === '' || lane === name ? count : 0),
    0,
  )
  if (!isResting('empty') || waiting === 0) return
  say(
    'came',
    'Something came',
    `${plural(waiting, 'item')} for you.`,
    button('Take the next', () => void next(), { title: 'J' }),
  )
  announce('Something came')
}

whenLost(lost)
onPreference(keepPreferences)
onSent({ undo: (sent) => void undo(sent), look: (sent) => void look(sent) })
keepHolding(held, lost)
followQueue(lane, onQueue, signedOut)
void begin(onShift)
