// Keeps a page that the server drew as it is now: told by the stream that something changed, it fetches the page again and changes what
// changed in place. Where the stream breaks that is said, and the page is asked for every few seconds until there is one again. None
// of it keeps an idle session alive.

import { find } from '../dom.ts'
import { morph } from './morph.ts'

const APART_MS = 1500
const ASK_MS = 5000
/** Times are told from now, so that they grow old by themselves. */
const ANEW_MS = 60_000

const words = {
  live: 'Live',
  asking: 'Not live: asking every few seconds',
  lost: 'The server cannot be reached. What is shown may be old; what you typed is kept.',
  ended: 'Your session has ended, so nothing here changes any more. Reload the page to sign in.',
}
let drawnAt = performance.now()
let timer: ReturnType<typeof setTimeout> | undefined
let stream: EventSource | undefined

function say(state: keyof typeof words): void {
  const live = find('live', HTMLElement)
  if (live.dataset.state === state) return
  live.dataset.state = state
  live.textContent = words[state]
}

/** Draws the page anew; `forms`: also those in which somebody is. */
export async function refresh(forms = false): Promise<void> {
  clearTimeout(timer)
  drawnAt = performance.now()
  let next = ASK_MS
  try {
    const response = await fetch(location.href, { headers: { 'darkroom-unattended': 'true' } })
    if (response.status >= 500) throw response
    const page = new DOMParser().parseFromString(await response.text(), 'text/html')
    const main = page.getElementById('main')
    if (main === null || page.getElementById('live') === null) return end()
    morph(find('main', HTMLElement), main, forms)
    say(isLive() ? 'live' : 'asking')
    if (isLive()) next = ANEW_MS
  } catch {
    say('lost')
  }
  soon(next)
  if (stream?.readyState === EventSource.CLOSED) listen()
}

const isLive = () => stream?.readyState === EventSource.OPEN

function end(): void {
  stream?.close()
  say('ended')
}

function soon(ms: number): void {
  clearTimeout(timer)
  timer = setTimeout(refresh, ms)
}

function listen(): void {
  stream?.close()
  stream = new EventSource('/v1/review/events')
  // Also the first, which the server sends at once: between the drawing of the page and the opening of the stream something may have
  // changed that neither of them tells.
  stream.addEventListener('queue', () => {
    say('live')
    soon(Math.max(0, drawnAt + APART_MS - performance.now()))
  })
  stream.addEventListener('error', () => {
    say('asking')
    soon(ASK_MS / 5)
  })
}

if (document.getElementById('live') !== null) listen()
