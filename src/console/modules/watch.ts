// Follows one generation until it ends: by the server's event stream, and by asking each second when the stream breaks.

import { call, type Generation, hasEnded } from './api.ts'

export type Follower = {
  state: (generation: Generation) => void
  progress: (step: number, steps: number) => void
  /** An image on its way can be seen, checked and marked, at this address. */
  preview: (imageId: string, url: string) => void
  /** True when the server stopped answering, false when it answers again. */
  lost: (lost: boolean) => void
}

const pollMs = 1000
const silenceMs = 15_000

/** Answers the function that stops following. */
export function watch(id: string, follower: Follower): () => void {
  const path = `/v1/generations/${encodeURIComponent(id)}`
  const stream = new EventSource(`${path}/events`)
  let stopped = false
  let timer: ReturnType<typeof setTimeout> | undefined
  let heard = performance.now()

  const stop = () => {
    stopped = true
    stream.close()
    clearTimeout(timer)
  }
  const take = (generation: Generation) => {
    if (stopped) return
    heard = performance.now()
    if (hasEnded(generation)) stop()
    follower.state(generation)
  }
  const ask = async () => {
    const broken = stream.readyState === EventSource.CLOSED
    if (broken || performance.now() - heard > silenceMs) {
      try {
        take(await call<Generation>(path))
        follower.lost(false)
      } catch {
        if (!stopped) follower.lost(true)
      }
    }
    if (!stopped) timer = setTimeout(ask, pollMs)
  }

  stream.addEventListener('state', (event) => take(JSON.parse(event.data)))
  stream.addEventListener('progress', (event) => {
    heard = performance.now()
    const { step, steps } = JSON.parse(event.data)
    if (!stopped) follower.progress(step, steps)
  })
  stream.addEventListener('preview', (event) => {
    const { image_id, url } = JSON.parse(event.data)
    if (!stopped) follower.preview(image_id, url)
  })
  // Asking is as good as the stream and never misses the end, so a broken stream is not taken up again.
  stream.addEventListener('error', () => stream.close())
  timer = setTimeout(ask, pollMs)
  return stop
}
