// From a verdict to what follows it: the next item, or what this one was; undone, and decided anew; and what to do when a verdict could
// not be stored or a claim was lost. What was chosen and typed comes back with its item, or is quoted where the item cannot.

import { type Problem, post, problemOf } from '../api.ts'
import { announce, button, el, find } from '../dom.ts'
import { addressOf, type Claimed, claimAgain, giveBack, read } from './claims.ts'
import { allAhead, fetchAhead, judging, lookAt, next, now, putBack, putDown, show, shownForMs } from './flow.ts'
import { alikeChosen, showItem } from './item.ts'
import { dispatch, drop, type Sent } from './outbox.ts'
import { isUnseen, showPicture } from './picture.ts'
import { notice, sentence, signInLink, view } from './rest.ts'
import { told } from './told.ts'
import { complain, readVerdict, restore, typed } from './verdict.ts'

/** Within this long of an item's coming, a second click was meant for the one before. */
const TOO_SOON_MS = 400

const form = find('verdict', HTMLFormElement)
/** Of which it was said that it was not looked at. */
let warned = ''
let warnedAt = 0
const place = find('told', HTMLElement)

/** Of a second look one sees what it was: whoever appealed was promised that their words are read, and a mind can still change. */
const stays = ({ item }: Claimed, other: boolean) => (item.lane === 'second_look') !== other

/** Whether an unseen picture is allowed on purpose: it was said, and is decided again after that was read. */
function isMeant({ item }: Claimed): boolean {
  const meant = warned === item.id && performance.now() - warnedAt > TOO_SOON_MS
  if (warned !== item.id) {
    warnedAt = performance.now()
    complain('unseen', 'You have not looked at the picture as it is. Decide once more, and it is allowed all the same.')
  }
  warned = item.id
  return meant
}

/** `other`: the other way round than is usual for its lane: to go on, or to stay and look at what it was. */
export async function decide(other: boolean): Promise<void> {
  const claimed = now()
  if (claimed === null || !judging() || form.inert) return
  if (shownForMs() < TOO_SOON_MS && form.querySelector('[name=outcome]:checked') === null) return
  const verdict = readVerdict()
  if (verdict === null) return
  if (verdict.outcome === 'allow' && isUnseen() && !isMeant(claimed)) return
  const alike = alikeChosen()
  if (alike.length > 0) await letGoOf(alike)
  // Another may be looked at by then.
  if (now() !== claimed) return
  const sent = dispatch(claimed, verdict, alike)
  if (stays(claimed, other)) {
    form.inert = true
    const problem = await sent.done
    return problem === null ? look(sent) : failed(sent, problem)
  }
  void sent.done.then((problem) => problem !== null && failed(sent, problem))
  putDown(claimed)
  await next()
}

/** One that is held ahead, or is being claimed just now, would be somebody's already. */
async function letGoOf(alike: readonly string[]): Promise<void> {
  form.inert = true
  for (const one of await allAhead())
    if (alike.includes(one.item.id)) {
      await giveBack(one)
      putDown(one)
    }
  form.inert = false
}

/** A verdict that was not stored: the item is shown again, or why it cannot be. */
function failed({ claimed, verdict }: Sent, problem: Problem): void {
  if (claimed === null) return
  restore(claimed.item.id, verdict)
  form.inert = false
  if (problem.status === 400) {
    show(claimed)
    complain(problem.field ?? '', problem.message)
    return
  }
  if (problem.status === 401) {
    // The claim runs on: the same verdict is stored once somebody is signed in.
    if (now() !== claimed) show(claimed)
    notice(
      'You are signed out, and your verdict was not stored. It stands here as you gave it: sign in, and decide again.',
      {},
      signInLink(),
    )
    return
  }
  const node = notice(
    `Your verdict was not stored. ${sentence(problem.message)}`,
    { quoted: verdict.note },
    button('Take the item again', () => void again(claimed, node)),
  )
  if (now() === claimed) {
    putDown(claimed)
    void next()
  }
}

export function lost(claimed: Claimed, problem: Problem): void {
  if (now() !== claimed) {
    putDown(claimed)
    return
  }
  form.inert = true
  const node = notice(
    `You do not hold this item any more. ${sentence(problem.message)} What you chose and typed is kept.`,
    {},
    button('Take it again', () => void again(claimed, node)),
    button('Go on to the next', () => {
      node.remove()
      putDown(claimed)
      void next()
    }),
  )
}

async function again(claimed: Claimed, node: HTMLElement): Promise<void> {
  try {
    const taken = await claimAgain(claimed.item.id)
    node.remove()
    putDown(claimed)
    show(taken)
  } catch (cause) {
    const text = now() === claimed ? typed() : ''
    node.querySelector('p')?.replaceChildren(problemOf(cause).message)
    if (text !== '' && node.querySelector('.words') === null)
      node.querySelector('p')?.after(el('p', { class: 'words', dir: 'auto' }, text))
  }
}

export async function undo(sent: Sent | undefined): Promise<void> {
  if (sent === undefined || (await sent.done) !== null) return
  try {
    const claimed = await post<Claimed>(addressOf(sent.id, 'undo'), {})
    drop(sent)
    restore(claimed.item.id, sent.verdict)
    show(claimed)
    announce('Taken back. Decide it anew.')
  } catch (cause) {
    notice(`It could not be taken back. ${problemOf(cause).message}`)
  }
}

/** What it was, now that the verdict is stored. */
export async function look(sent: Sent | undefined): Promise<void> {
  if (sent === undefined || (await sent.done) !== null) return
  try {
    const item = await read(sent.id)
    const { disclosed } = item
    if (disclosed === null) return void notice('It is not told yet.')
    const current = now()
    if (current?.item.id === item.id) putDown(current, true)
    else putBack()
    lookAt(item.id)
    showItem(item)
    showPicture(item)
    const title = el('h2', { tabindex: -1 }, 'What it was')
    place.replaceChildren(
      title,
      ...told(item, disclosed),
      el(
        'div',
        { class: 'row' },
        button('Next', () => void next(), { class: 'primary', title: 'Enter' }),
        disclosed.own?.undoable && button('Change my mind', () => void undo(sent), { title: 'U' }),
      ),
    )
    view('told')
    title.focus()
    void fetchAhead()
  } catch (cause) {
    notice(`It could not be shown. ${problemOf(cause).message}`)
    const current = now()
    if (current === null || current !== sent.claimed) return
    putDown(current)
    await next()
  }
}
