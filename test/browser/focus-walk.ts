// A walk through a page by Tab, and what is to be said of each stop: where it is, whether it can be seen, and how well one sees that the
// focus is there. The functions that read a stop run inside the browser, so they name nothing from outside.

import type { Page } from 'playwright-core'

export type Stop = {
  /** Its place among all elements of the page. */
  at: number
  name: string
  skips: boolean
  box: { left: number; top: number; right: number; bottom: number }
  seen: boolean
  /** Contrast of its ring with what lies behind; 0: there is none. */
  ring: number
}

const MOST = 400
const WALKS = 5

/**
 * Every stop from the page's beginning until the focus leaves the page or comes round, and the places of all that must be one. A page that
 * the server draws anew meanwhile has other places than those that were noted, so it is walked again.
 */
export async function walk(page: Page): Promise<{ stops: Stop[]; due: number[] }> {
  for (let tries = 0; tries < WALKS; tries++) {
    const before = await page.evaluate(placesNow)
    const stops = await once(page)
    const due = await page.evaluate(workable)
    if ((await page.evaluate(placesNow)) === before) return { stops, due }
  }
  throw new Error('the page never stood still')
}

const placesNow = () => [...document.querySelectorAll('*')].map((node) => `${node.localName}#${node.id}`).join()

async function once(page: Page): Promise<Stop[]> {
  await page.evaluate(() => {
    document.body.tabIndex = -1
    document.body.focus()
    document.body.removeAttribute('tabindex')
  })
  const stops: Stop[] = []
  for (let tries = 0; tries < MOST; tries++) {
    await page.keyboard.press('Tab')
    const stop = await page.evaluate(stopNow)
    if (stop === null || (stops.length > 1 && stop.at === stops[0]?.at)) return stops
    // A date has stops of its own within.
    if (stop.at !== stops.at(-1)?.at) stops.push(stop)
  }
  throw new Error('the page has no end')
}

/** What the focus is on; null: on nothing. */
export function stopNow(): Stop | null {
  const node = document.activeElement
  if (!(node instanceof HTMLElement || node instanceof SVGElement) || node === document.body) return null
  const probe = document.createElement('canvas').getContext('2d', { willReadFrequently: true })
  const rgba = (colour: string): number[] => {
    if (probe === null) return []
    probe.clearRect(0, 0, 1, 1)
    probe.fillStyle = colour
    probe.fillRect(0, 0, 1, 1)
    return [...probe.getImageData(0, 0, 1, 1).data]
  }
  const luminance = (colour: string) => {
    const [red = 0, green = 0, blue = 0] = rgba(colour).map((byte) => {
      const part = byte / 255
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
    })
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
  }
  const ground = (of: Element | null): string => {
    if (of === null) return 'Canvas'
    const { backgroundColor } = getComputedStyle(of)
    return (rgba(backgroundColor)[3] ?? 0) > 200 ? backgroundColor : ground(of.parentElement)
  }
  // What is drawn in the place of a control that is not seen itself says where the focus is.
  const labels = node instanceof HTMLInputElement ? [...(node.labels ?? [])] : []
  const rings = [node, ...labels, ...labels.flatMap((label) => [...label.children])].map((one) => {
    const { outlineStyle, outlineWidth, outlineColor } = getComputedStyle(one)
    if (outlineStyle === 'none' || Number.parseFloat(outlineWidth) < 2) return 0
    const [light = 0, dark = 0] = [luminance(outlineColor), luminance(ground(one.parentElement))].sort((a, b) => b - a)
    return (light + 0.05) / (dark + 0.05)
  })
  const wrapping = labels.find((label) => label.contains(node))
  const shown = wrapping ?? (node.classList.contains('unseen') ? (labels[0] ?? node) : node)
  const { left, top, right, bottom, width, height } = shown.getBoundingClientRect()
  const inside = right > 0 && bottom > 0 && left < innerWidth && top < innerHeight
  const middle = document.elementFromPoint(
    (Math.max(0, left) + Math.min(innerWidth, right)) / 2,
    (Math.max(0, top) + Math.min(innerHeight, bottom)) / 2,
  )
  const over =
    middle !== null && (shown.contains(middle) || middle.contains(shown) || labels.some((one) => one.contains(middle)))
  return {
    at: [...document.querySelectorAll('*')].indexOf(node),
    name: `${node.localName}${node.id && `#${node.id}`} ${node.getAttribute('aria-label') ?? node.textContent?.trim().slice(0, 30)}`,
    skips: node.matches('a.skip'),
    box: { left, top: top + scrollY, right, bottom: bottom + scrollY },
    seen:
      width > 0 &&
      height > 0 &&
      inside &&
      over &&
      shown.checkVisibility({ opacityProperty: true, visibilityProperty: true }),
    ring: Math.max(...rings),
  }
}

/** The places of all that must be a stop: whatever can be worked and is seen; of radio buttons of a name, one. */
function workable(): number[] {
  const all = [...document.querySelectorAll('*')]
  const groups = new Set<string>()
  return all.flatMap((node, at) => {
    if (
      !(node instanceof HTMLElement) ||
      !node.matches('a[href], button, input, select, textarea, summary, [tabindex="0"]')
    )
      return []
    if (node.matches(':disabled, [type=hidden], [inert] *') || !node.checkVisibility({ visibilityProperty: true }))
      return []
    if (node instanceof HTMLInputElement && node.type === 'radio') {
      const group = `${node.name} ${node.form?.id}`
      const chosen = document.querySelector(`[name="${CSS.escape(node.name)}"]:checked`)
      if (groups.has(group) || (chosen !== null && chosen !== node)) return []
      groups.add(group)
    }
    return [at]
  })
}
