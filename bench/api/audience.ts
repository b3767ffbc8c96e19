// The process that listens: so many event streams, each on a connection of its own, and the moment at which each event came whole.
// An event is known by its id, or by its step when it has none.
import { get, type IncomingMessage } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { answerParent, nowMs } from './child.ts'

export type AudienceCommand =
  /** One stream for each address; answers when all of them have had an event. */
  | { kind: 'open'; urls: string[]; headers: Record<string, string> }
  /** Answers when every stream of these places has had its event, or after `limitMs`. */
  | { kind: 'await'; events: { [place: number]: string }; limitMs: number }
  | { kind: 'close' }

export type Heard = {
  /** The `nowMs` at which each awaited event had come; null: it did not. */
  atMs: (number | null)[]
  /** Streams that ended although nobody closed them. */
  dropped: number
  /** The text of one event of the first stream, as it came. */
  lastFrame: string
}

const OPENING_AT_ONCE = 50
const OPEN_LIMIT_MS = 60_000
const LOOK_MS = 5

type Ear = { events: Map<string, number>; pending: string; lastFrame: string; stop: () => void }
let ears: Ear[] = []
let dropped = 0

answerParent(async (command: AudienceCommand): Promise<Heard> => {
  switch (command.kind) {
    case 'open':
      await open(command.urls, command.headers)
      return { atMs: [], dropped, lastFrame: '' }
    case 'await': {
      const wanted = Object.entries(command.events).map(([place, event]) => [ears[Number(place)], event] as const)
      const look = () => wanted.map(([ear, event]) => ear?.events.get(event) ?? null)
      const until = nowMs() + command.limitMs
      while (look().includes(null) && nowMs() < until) await sleep(LOOK_MS)
      const atMs = look()
      for (const ear of ears) ear.events.clear()
      return { atMs, dropped, lastFrame: ears[0]?.lastFrame ?? '' }
    }
    case 'close':
      for (const ear of ears) ear.stop()
      ears = []
      return { atMs: [], dropped, lastFrame: '' }
  }
})

async function open(urls: readonly string[], headers: Record<string, string>): Promise<void> {
  for (let from = 0; from < urls.length; from += OPENING_AT_ONCE)
    ears.push(...(await Promise.all(urls.slice(from, from + OPENING_AT_ONCE).map((url) => listen(url, headers)))))
  const until = nowMs() + OPEN_LIMIT_MS
  while (ears.some(({ events }) => events.size === 0)) {
    if (nowMs() > until) throw new Error('not every stream began with an event')
    await sleep(LOOK_MS)
  }
  for (const { events } of ears) events.clear()
}

function listen(url: string, headers: Record<string, string>): Promise<Ear> {
  const { promise, resolve, reject } = Promise.withResolvers<Ear>()
  const request = get(url, { headers, agent: false }, (answer) => {
    if (answer.statusCode !== 200) return reject(new Error(`a listener was answered ${answer.statusCode}`))
    resolve(hear(answer))
  })
  request.on('error', reject)
  return promise
}

function hear(answer: IncomingMessage): Ear {
  let wanted = true
  const lost = () => {
    if (wanted) dropped++
    wanted = false
  }
  const ear: Ear = {
    events: new Map(),
    pending: '',
    lastFrame: '',
    stop: () => {
      wanted = false
      answer.destroy()
    },
  }
  answer.setEncoding('latin1')
  answer.once('close', lost).on('error', () => undefined)
  answer.on('data', (text: string) => {
    const atMs = nowMs()
    const frames = (ear.pending + text).split('\n\n')
    ear.pending = frames.pop() ?? ''
    for (const frame of frames) {
      const event = /^id: (\d+)$/m.exec(frame)?.[1] ?? /"step":(\d+)/.exec(frame)?.[1]
      if (event === undefined) continue
      ear.lastFrame = `${frame}\n\n`
      if (!ear.events.has(event)) ear.events.set(event, atMs)
    }
  })
  return ear
}
