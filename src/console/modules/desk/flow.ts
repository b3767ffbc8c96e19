// One item after another: what is looked at, what is held ahead of it, and how the next comes. `current` is never shown before it is
// held, and nothing that was let go stays in memory.

import { type Problem, problemOf } from '../api.ts'
import { button, find } from '../dom.ts'
import { type Claimed, claimAgain, claimNext, giveBack, open, recall, remember } from './claims.ts'
import { showItem } from './item.ts'
import { letGo, prefetch, showPicture } from './picture.ts'
import { isResting, root, say, signInLink, view } from './rest.ts'
import { beginShift, refresh, type Shift } from './shift.ts'
import { holdings, resumeQueue } from './stream.ts'
import { showVerdict } from './verdict.ts'

const form = find('verdict', HTMLFormElement)
const title = find('item-title', HTMLElement)

export const lane = root.dataset.lane ?? ''

const AGAIN_MS = 3000

let current: Claimed | null = null
let ahead: readonly Claimed[] = []
let asking: Promise<void> | null = null
let shownAt = 0
/** A decided item that is looked at once more. */
let looked: string | null = null

let onLost: (claimed: Claimed, problem: Problem) => void = () => undefined
export function whenLost(call: typeof onLost): void {
  onLost = call
}

export const now = () => current
export const held = () => (current === null ? [...ahead] : [current, ...ahead])
/** What is held besides; also what was asked for and has not come yet. */
export async function allAhead(): Promise<readonly Claimed[]> {
  await asking
  return ahead
}

/** What this person holds elsewhere, in another tab or in one that is gone. */
export const elsewhere = () => holdings().filter(({ id, lane: of }) => (lane === '' || lane === of) && !isHeld(id))
export const judging = () => root.dataset.view === 'judging' && current !== null
export const shownForMs = () => performance.now() - shownAt

/** Shows an item that is held; whatever was looked at before stays held, unless it was put down. */
export function show(claimed: Claimed): void {
  putBack()
  current = claimed
  lookAt(null)
  ahead = ahead.filter((one) => one !== claimed)
  remember(held())
  showItem(claimed.item)
  showPicture(claimed.item)
  showVerdict(claimed.item)
  form.inert = false
  view('judging')
  shownAt = performance.now()
  title.focus({ preventScroll: true })
  scrollTo(0, 0)
  open(claimed).catch((cause) => {
    const problem = problemOf(cause)
    if (problem.status === 409) onLost(claimed, problem)
  })
  void fetchAhead()
}

export function lookAt(id: string | null): void {
  if (looked !== null && looked !== id && !held().some(({ item }) => item.id === looked)) letGo(looked)
  looked = id
}

/** What is looked at waits, first in line. */
export function putBack(): void {
  if (current !== null) ahead = [current, ...ahead]
  current = null
}

/** It is decided, or gone; another claim on the same item stays. `keepPicture`: it is still looked at. */
export function putDown(claimed: Claimed, keepPicture = false): void {
  if (current === claimed) current = null
  ahead = ahead.filter((one) => one !== claimed)
  if (!keepPicture && !isHeld(claimed.item.id)) letGo(claimed.item.id)
  remember(held())
}

export function dropHeld(): void {
  for (const claimed of held()) putDown(claimed)
}

/** What waits ahead goes back: what may be handed out has changed. */
export async function giveAheadBack(): Promise<void> {
  await asking
  for (const claimed of ahead) {
    putDown(claimed)
    await giveBack(claimed)
  }
}

/** Claims one more than is looked at. */
export function fetchAhead(): Promise<void> {
  asking ??= claimAhead()
    .catch(() => undefined)
    .finally(() => {
      asking = null
    })
  return asking
}

async function claimAhead(): Promise<void> {
  if (ahead.length > 0) return
  const claimed = await claimNext(lane)
  if (claimed === null) return
  ahead = [...ahead, claimed]
  remember(held())
  await prefetch(claimed.item)
}

export async function next(): Promise<void> {
  lookAt(null)
  if (ahead[0] === undefined) {
    view('loading')
    await asking
  }
  if (ahead[0] !== undefined) return show(ahead[0])
  try {
    const claimed = await claimNext(lane)
    if (claimed !== null) return show(claimed)
    nothing()
  } catch (cause) {
    await stuck(problemOf(cause))
  }
}

function nothing(): void {
  say(
    'empty',
    'Nothing waits for you',
    'When something comes it is said here.',
    button('Look again', () => void next(), { title: 'J' }),
  )
}

const isHeld = (id: string) => held().some(({ item }) => item.id === id)

/** The other tab's claim ends with this. */
export async function takeOver(): Promise<void> {
  const [first] = elsewhere()
  if (first === undefined) return
  const { id } = first
  try {
    show(await claimAgain(id))
  } catch (cause) {
    await stuck(problemOf(cause))
  }
}

async function stuck(problem: Problem): Promise<void> {
  if (problem.code === 'break_due') return refresh().catch(() => undefined)
  if (problem.status === 401) return signedOut()
  say(
    'stuck',
    'The next item could not be fetched',
    problem.message,
    button('Try again', () => void next(), { title: 'J' }),
  )
  // A line that dropped comes back by itself.
  if (problem.status === 0) setTimeout(() => isResting('stuck') && void next(), AGAIN_MS)
}

export function signedOut(): void {
  const text = 'What you typed is kept. Sign in, and go on here.'
  say(
    'signed_out',
    'You are signed out',
    text,
    signInLink(),
    button('Go on', () => void begin()),
  )
}

let tell: (shift: Shift) => void = () => undefined

/** `onShift`: told of the shift, now and whenever it changed. */
export async function begin(onShift = tell): Promise<void> {
  tell = onShift
  view('loading')
  try {
    await beginShift(onShift)
    resumeQueue()
    // What was held is claimed anew, under other tokens.
    current = null
    ahead = []
    ahead = await recall(lane)
    if (root.dataset.resting !== 'yes') await next()
  } catch (cause) {
    const problem = problemOf(cause)
    if (problem.status === 401) signedOut()
    else
      say(
        'unopened',
        'The desk could not be opened',
        problem.message,
        button('Try again', () => void begin()),
      )
  }
}
