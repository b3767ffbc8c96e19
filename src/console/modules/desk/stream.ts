// The queue as it changes, by the server's stream; by asking every few seconds where the stream breaks, and by the stream again once
// it can be had. What is shown changes in place.

import { callUnattended, problemOf } from '../api.ts'
import { el, find } from '../dom.ts'

export type Lanes = Record<'first_look' | 'second_look' | 'report' | 'restricted', number>
type Held = { id: string; lane: string }
export type Undoable = { id: string; outcome: string; undo_until: string }
type Mine = { claims: Held[]; undoable: Undoable[] }
type Queue = { lanes: Lanes; claims?: Held[]; undoable?: Undoable[]; mine?: Mine }

const names = { first_look: 'held', second_look: 'second looks', report: 'reports', restricted: 'restricted' }
const ASK_MS = 5000
const counts = find('counts', HTMLElement)
const live = find('live', HTMLElement)

/** What this person holds, in whatever tab. */
let elsewhere: readonly Held[] = []
export const holdings = () => elsewhere

let resume: () => void = () => undefined

/** Follows again, where it ended with the session. */
export function resumeQueue(): void {
  resume()
  resume = () => undefined
}

export function followQueue(
  lane: string,
  tell: (lanes: Lanes, undoable: readonly Undoable[]) => void,
  ended: () => void,
): void {
  const shown = new Map<string, HTMLElement>()
  const take = ({ lanes, claims, undoable, mine }: Queue) => {
    elsewhere = claims ?? mine?.claims ?? []
    for (const [name, count] of Object.entries(lanes)) {
      if (lane !== '' && lane !== name) continue
      const node = shown.get(name) ?? el('b', {})
      if (!shown.has(name)) {
        shown.set(name, node)
        const word = Object.entries(names).find(([one]) => one === name)?.[1] ?? name
        if (name !== 'restricted' || count > 0) counts.append(el('span', {}, node, ` ${word}`))
      }
      if (node.textContent !== String(count)) node.textContent = String(count)
    }
    tell(lanes, undoable ?? mine?.undoable ?? [])
  }
  const say = (state: 'live' | 'asking' | 'lost' | 'ended') => {
    if (live.dataset.state === state) return
    live.dataset.state = state
    live.textContent = {
      live: 'Live',
      asking: 'Not live: asking every few seconds',
      lost: 'The server cannot be reached. What you typed is kept.',
      ended: 'Signed out',
    }[state]
  }
  let timer: ReturnType<typeof setTimeout> | undefined

  const listen = () => {
    const stream = new EventSource('/v1/review/events')
    stream.addEventListener('queue', (event) => {
      say('live')
      take(JSON.parse(event.data))
    })
    stream.addEventListener('error', () => {
      stream.close()
      clearTimeout(timer)
      timer = setTimeout(asking, 500)
    })
  }
  const asking = async () => {
    try {
      take(await callUnattended<Queue>('/v1/review/queue?limit=1'))
      say('asking')
      timer = setTimeout(listen, ASK_MS)
    } catch (cause) {
      if (problemOf(cause).status === 401) {
        say('ended')
        resume = listen
        return ended()
      }
      say('lost')
      timer = setTimeout(asking, ASK_MS)
    }
  }
  listen()
}
