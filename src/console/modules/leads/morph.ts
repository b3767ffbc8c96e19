// Makes what is shown equal to what the server drew anew, in place: what has not changed keeps its focus, its scroll, its open details.
// What belongs to a script (`data-own`) and a form in which somebody is or has typed stay as they are.

/** `forms`: also those in which somebody is. */
export function morph(shown: Element, drawn: Element, forms = false): void {
  const active = document.activeElement
  const homes = within(active)
  become(shown, drawn, forms)
  if (!(active instanceof HTMLElement) || active === document.activeElement) return
  const to = active.isConnected ? active : nearest(homes)
  to?.focus({ preventScroll: true })
}

function within(node: Element | null): Element[] {
  return node?.parentElement ? [node.parentElement, ...within(node.parentElement)] : []
}

/** Where what had the focus is gone: what else can be worked in its row, or in the list. */
function nearest(homes: readonly Element[]): HTMLElement | undefined {
  const left = homes.filter((one) => one.isConnected)
  return left
    .flatMap((home) => [...home.querySelectorAll<HTMLElement>('button, select, summary, a[href]')])
    .find((one) => one.checkVisibility())
}

const HELD = 'form:is([data-typed], :focus-within)'

function become(shown: Element, drawn: Element, forms: boolean): void {
  if (shown.hasAttribute('data-own') || (!forms && shown.matches(HELD)) || shown.isEqualNode(drawn)) return
  for (const { name } of [...shown.attributes])
    if (!drawn.hasAttribute(name) && !(name === 'open' && shown.matches('details'))) shown.removeAttribute(name)
  for (const { name, value } of drawn.attributes)
    if (shown.getAttribute(name) !== value) shown.setAttribute(name, value)
  let at = shown.firstChild
  const wanted = new Set([...drawn.children].map((child) => child.id).filter((id) => id !== ''))
  for (const next of [...drawn.childNodes]) {
    while (at !== null && isGone(at, wanted)) at = drop(at, forms)
    const same = findSame(shown, at, next)
    if (same === null) {
      shown.insertBefore(document.importNode(next, true), at)
      continue
    }
    if (same === at) at = at.nextSibling
    else shown.insertBefore(same, at)
    if (same instanceof Element && next instanceof Element) become(same, next, forms)
    else if (same.nodeValue !== next.nodeValue) same.nodeValue = next.nodeValue
  }
  while (at !== null) at = drop(at, forms)
}

/** By its id; what has none, by its place and kind. */
function findSame(shown: Element, at: ChildNode | null, next: Node): ChildNode | null {
  const id = idOf(next)
  if (id !== '') return [...shown.children].find((child) => child.id === id) ?? null
  return at !== null && idOf(at) === '' && at.nodeName === next.nodeName ? at : null
}

const idOf = (node: Node) => (node instanceof Element ? node.id : '')
const isGone = (node: Node, wanted: ReadonlySet<string>) => idOf(node) !== '' && !wanted.has(idOf(node))

/** Takes a node away, unless somebody is in it; answers the next. */
function drop(node: ChildNode, forms: boolean): ChildNode | null {
  const next = node.nextSibling
  if (forms || !(node instanceof Element) || !(node.matches(HELD) || node.querySelector(HELD) !== null)) node.remove()
  return next
}
