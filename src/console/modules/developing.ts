// The tray while a picture develops: one sheet an image with its latent noise thinning out step by step, the stages it passes,
// the exposure meter and the way to stop. The noise is only noise: what shows through it are previews, checked and marked like
// any picture before they leave.

import type { Generation } from './api.ts'
import { announce, el, plural } from './dom.ts'
import { imageWords } from './words.ts'

const stages = ['Queue', 'Draw', 'Check', 'Mark', 'Release']
const stageOfImage: Record<string, number> = { planned: 1, generated: 2, cleared: 3, marked: 4 }

export type Developing = {
  node: HTMLElement
  state: (generation: Generation) => void
  progress: (step: number, steps: number) => void
  preview: (imageId: string, url: string) => void
  lost: (lost: boolean) => void
}

export function developing(prompt: string | undefined, cancel: () => void): Developing {
  const title = el('h2', { id: 'tray-title', tabindex: -1 }, 'Handing it in…')
  const sheets = el('ul', { class: 'sheets' })
  const strip = el('ol', { class: 'stages', 'aria-label': 'Stages' }, ...stages.map((name) => el('li', {}, name)))
  const meter = el('div', { class: 'exposure', role: 'progressbar', 'aria-label': 'Steps', 'aria-valuemin': 0 })
  const count = el('p', { class: 'count' })
  const doubt = el('p', { class: 'callout', hidden: true }, 'The connection was lost. Asking again…')
  const stop = el('button', { type: 'button', class: 'quiet', click: cancel }, 'Cancel')
  const node = el(
    'div',
    { class: 'developing', 'aria-busy': 'true' },
    title,
    prompt !== undefined && el('p', { class: 'caption', dir: 'auto' }, prompt),
    sheets,
    strip,
    el('div', { class: 'meter' }, meter, count, stop),
    doubt,
  )

  const progress = (step: number, steps: number) => {
    meter.setAttribute('aria-valuemax', String(steps))
    meter.setAttribute('aria-valuenow', String(step))
    meter.setAttribute('aria-valuetext', `step ${step} of ${steps}`)
    meter.style.setProperty('--steps', String(steps))
    meter.style.setProperty('--step', String(step))
    count.textContent = step > 0 ? `step ${step} of ${steps}` : plural(steps, 'step')
    for (const canvas of sheets.querySelectorAll('canvas')) drawNoise(canvas, steps > 0 ? step / steps : 0)
    // A quarter at a time: a live region that spoke each step would never be silent.
    const quarter = Math.max(1, Math.floor(steps / 4))
    if (step > 0 && step % quarter === 0) announce(`Drawing, step ${step} of ${steps}`)
  }

  const state = (generation: Generation) => {
    while (sheets.children.length < generation.images.length) {
      const canvas = el('canvas', { width: 128, height: 128, 'aria-hidden': 'true' })
      drawNoise(canvas, 0)
      sheets.append(el('li', { class: 'sheet' }, canvas, el('span', {})))
    }
    generation.images.forEach((image, index) => {
      const sheet = sheets.children.item(index)
      sheet?.setAttribute('data-state', image.state)
      sheet?.setAttribute('data-image', image.id)
      const drawing = image.state === 'planned' && generation.state === 'generating'
      sheet?.querySelector('span')?.replaceChildren(drawing ? 'developing' : imageWords(image.state))
    })
    const reached = generation.images.map((image) => stageOfImage[image.state] ?? stages.length - 1)
    const queued = generation.state === 'queued' || generation.state === 'received'
    const now = queued ? 0 : Math.min(...reached, stages.length - 1)
    ;[...strip.children].forEach((stage, index) => {
      stage.toggleAttribute('data-done', index < now)
      if (index === now) stage.setAttribute('aria-current', 'step')
      else stage.removeAttribute('aria-current')
    })
    const ahead = generation.progress?.position ?? 0
    const line = ahead > 0 ? `In the queue, ${plural(ahead, 'request')} ahead` : 'In the queue'
    const heading = queued ? line : `${['', 'Drawing', 'Checking', 'Marking', 'Releasing'][now]}…`
    if (title.textContent !== heading) announce(heading)
    title.textContent = heading
    progress(generation.progress?.step ?? 0, generation.progress?.steps ?? generation.steps)
  }

  const preview = (imageId: string, url: string) => {
    const sheet = [...sheets.children].find((one) => one.getAttribute('data-image') === imageId)
    const shown = sheet?.querySelector('img')
    if (shown) shown.src = url
    else sheet?.prepend(el('img', { src: url, alt: 'The picture so far' }))
  }

  return { node, state, progress, preview, lost: (lost) => void doubt.toggleAttribute('hidden', !lost) }
}

/** Grain in the safelight's colour; `done` from 0 to 1 takes it away. */
function drawNoise(canvas: HTMLCanvasElement, done: number): void {
  const context = canvas.getContext('2d')
  if (context === null) return
  const pixels = context.createImageData(canvas.width, canvas.height)
  for (let at = 0; at < pixels.data.length; at += 4) {
    const grain = (Math.random() + Math.random() - 1) * (1 - 0.85 * done)
    const light = 70 + 95 * done + grain * 95
    pixels.data.set([light * 1.2, light * 0.5, light * 0.34, 255], at)
  }
  context.putImageData(pixels, 0, 0)
}
