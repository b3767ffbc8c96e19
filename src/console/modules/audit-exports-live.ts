// Keeps a part of a page as it is now: asks for the page as often as the part says, and changes what changed in place. It keeps no idle
// session alive, and asks for nothing while nobody sees the page.

import { find } from './dom.ts'
import { morph } from './leads/morph.ts'

const LOST_MS = 10_000

let timer: ReturnType<typeof setTimeout> | undefined
let drawnAt = 0

const part = () => find('live-part', HTMLElement)

function say(text: string): void {
  const live = find('live', HTMLElement)
  if (live.textContent !== text) live.textContent = text
}

/** Draws the part anew, forms too if `forms`; answers the whole page as it was sent, or null where it could not be had. */
export async function refresh(forms = false): Promise<Document | null> {
  clearTimeout(timer)
  drawnAt = performance.now()
  try {
    const response = await fetch(location.href, { headers: { 'darkroom-unattended': 'true' } })
    if (response.status >= 500) throw response
    const page = new DOMParser().parseFromString(await response.text(), 'text/html')
    const drawn = page.getElementById('live-part')
    if (drawn === null) {
      say('Your session has ended, so nothing here changes any more. Reload the page to sign in.')
      return null
    }
    morph(part(), drawn, forms)
    say('')
    later(everyMs())
    return page
  } catch {
    say('The server cannot be reached. What is shown may be old.')
    later(LOST_MS)
    return null
  }
}

const everyMs = () => Number(part().dataset.live)

function later(ms: number): void {
  clearTimeout(timer)
  timer = setTimeout(() => {
    if (!document.hidden) void refresh()
  }, ms)
}

document.addEventListener('visibilitychange', () => {
  if (!document.hidden && performance.now() - drawnAt > everyMs()) void refresh()
})
later(everyMs())
