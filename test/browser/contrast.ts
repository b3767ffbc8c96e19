// WCAG 2.2 contrast (1.4.3), measured on the page as it is drawn. Runs inside the browser, so it may name nothing from outside.

/** Texts below 4.5:1 (3:1 when large) against the nearest opaque background colour, as "ratio: text". Gradients count as none. */
export function poorContrast(): string[] {
  const probe = document.createElement('canvas').getContext('2d', { willReadFrequently: true })
  if (probe === null) return ['no canvas to measure with']
  const rgba = (colour: string) => {
    probe.clearRect(0, 0, 1, 1)
    probe.fillStyle = colour
    probe.fillRect(0, 0, 1, 1)
    return probe.getImageData(0, 0, 1, 1).data
  }
  const luminance = (colour: string) => {
    const [red = 0, green = 0, blue = 0] = [...rgba(colour)].map((byte) => {
      const part = byte / 255
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
    })
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
  }
  const ground = (node: Element): string => {
    const { backgroundColor } = getComputedStyle(node)
    if ((rgba(backgroundColor)[3] ?? 0) > 200 || node.parentElement === null) return backgroundColor
    return ground(node.parentElement)
  }
  const poor: string[] = []
  for (const node of document.querySelectorAll<HTMLElement>('body *')) {
    const words = [...node.childNodes].filter((child) => child.nodeType === Node.TEXT_NODE && child.textContent?.trim())
    const style = getComputedStyle(node)
    if (
      words.length === 0 ||
      node.closest('.unseen, .skip, option') !== null ||
      !node.checkVisibility({ opacityProperty: true })
    )
      continue
    const [light = 0, dark = 0] = [luminance(style.color), luminance(ground(node))].sort((a, b) => b - a)
    const ratio = (light + 0.05) / (dark + 0.05)
    const sizePx = Number.parseFloat(style.fontSize)
    const large = sizePx >= 24 || (sizePx >= 18.66 && Number(style.fontWeight) >= 700)
    if (ratio < (large ? 3 : 4.5)) poor.push(`${ratio.toFixed(2)}: ${node.textContent?.trim().slice(0, 40)}`)
  }
  return poor
}
