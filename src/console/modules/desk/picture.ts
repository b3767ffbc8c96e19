// The picture of an item: blurred by the server until it is asked for, which is written down; then plain or in grey, in three sizes,
// and blurred again by the same key. Files are fetched and held as blobs, because nothing of a picture may be kept in a cache; an item's
// are let go with the item.

import type { ItemView } from '../../../review/view.ts'
import { Problem, post, problemOf } from '../api.ts'
import { announce, button, el, find } from '../dom.ts'
import { addressOf } from './claims.ts'

export type Preferences = { grey: boolean; size: 's' | 'm' | 'l'; blur_again_seconds: number | null }
type View = 'blurred' | 'grey' | 'original'
type Revealed = { pictures: Record<string, string> | null }

const SIZES = ['s', 'm', 'l'] as const
const WIDTHS = { s: 320, m: 560, l: 960 }

const figure = find('picture', HTMLElement)
const tools = find('picture-tools', HTMLElement)

/** By then whatever was being decoded is. */
const DECODED_MS = 1000

const files = new Map<string, Map<string, Promise<string>>>()

async function load(address: string): Promise<string> {
  const response = await fetch(address).catch(() => null)
  if (response === null) throw new Problem(0, 'unreachable', 'The server cannot be reached.')
  if (response.ok) return URL.createObjectURL(await response.blob())
  const { code, detail } = await response.json().catch(() => ({}))
  throw new Problem(response.status, code ?? 'unknown', detail ?? `The server answered ${response.status}.`)
}

/** The picture's file as an address of this page; fetched once an item, and again only after it failed. */
function file({ id }: ItemView, address: string): Promise<string> {
  const own = files.get(id) ?? new Map<string, Promise<string>>()
  files.set(id, own)
  const known = own.get(address)
  if (known !== undefined) return known
  const loading = load(address)
  own.set(address, loading)
  loading.catch(() => own.delete(address))
  return loading
}

/** Fetches the blurred picture of an item that will be shown soon. */
export async function prefetch(item: ItemView): Promise<void> {
  if (item.picture === null) return
  const address = await file(item, item.picture).catch(() => null)
  if (address === null) return
  const image = new Image()
  image.src = address
  await image.decode().catch(() => undefined)
}

export function letGo(id: string): void {
  for (const loading of files.get(id)?.values() ?? [])
    loading.then(
      (address) => setTimeout(() => URL.revokeObjectURL(address), DECODED_MS),
      () => undefined,
    )
  files.delete(id)
}

let item: ItemView | null = null
let preferences: Preferences = { grey: false, size: 'm', blur_again_seconds: null }
let views: Record<string, string> | null = null
let view: View = 'blurred'
let ofInput = false
let again: ReturnType<typeof setTimeout> | undefined
let seen = false

/** `keep`: called when a preference changed here. */
let keep: (preferences: Preferences) => void = () => undefined
export function onPreference(call: typeof keep): void {
  keep = call
}

export function prefer(next: Preferences): void {
  preferences = next
  figure.dataset.size = next.size
}

export function showPicture(next: ItemView): void {
  item = next
  views = null
  view = 'blurred'
  ofInput = false
  seen = false
  clearTimeout(again)
  // What the last item showed, perhaps as it is, keeps its place until this one's is there, and is not seen under its name.
  for (const image of figure.querySelectorAll('img')) image.dataset.view = 'gone'
  draw()
}

/** There is a picture, and all that was shown of it is blurred. */
export const isUnseen = () => hasPicture() && !seen

export const hasPicture = () => item !== null && item.subject.kind === 'image' && !item.erased
export const hasInput = () => item?.has_input === true && !item.erased

/** Shows it, or blurs it again. */
export async function toggleReveal(): Promise<void> {
  if (!hasPicture() && !ofInput) return
  if (view === 'blurred') await reveal(ofInput ? 'input' : 'picture')
  else blur()
}

export async function showInput(): Promise<void> {
  if (!hasInput()) return
  ofInput = !ofInput
  views = null
  view = 'blurred'
  if (ofInput) await reveal('input')
  else draw()
}

function blur(): void {
  view = 'blurred'
  clearTimeout(again)
  draw()
  announce('Blurred again')
}

async function reveal(what: 'picture' | 'input'): Promise<void> {
  const asked = item
  if (asked === null) return
  try {
    const found = views ?? (await post<Revealed>(addressOf(asked.id, 'reveal'), { what })).pictures
    // Another item, or its other picture, is looked at by now.
    if (item !== asked || ofInput !== (what === 'input')) return
    views = found
    view = preferences.grey ? 'grey' : 'original'
    if (what === 'picture') seen = true
    draw()
    announce('The picture is shown. That you looked was written down.')
    clearTimeout(again)
    if (preferences.blur_again_seconds !== null) again = setTimeout(blur, preferences.blur_again_seconds * 1000)
  } catch (cause) {
    if (item === asked && ofInput === (what === 'input')) fail(problemOf(cause).message, () => void reveal(what))
  }
}

export function toggleGrey(): void {
  preferences = { ...preferences, grey: !preferences.grey }
  keep(preferences)
  if (view !== 'blurred') view = preferences.grey ? 'grey' : 'original'
  draw()
}

/** `by`: 1 larger, -1 smaller. */
export function resize(by: number): void {
  const size = SIZES[Math.min(2, Math.max(0, SIZES.indexOf(preferences.size) + by))] ?? 'm'
  prefer({ ...preferences, size })
  keep(preferences)
  draw()
}

function addressNow(shown: ItemView): string | null {
  if (view === 'blurred') return ofInput ? null : shown.picture
  const address = views?.[view]
  return address === undefined ? null : `${address}&size=${Math.round(WIDTHS[preferences.size] * devicePixelRatio)}`
}

function draw(): void {
  const shown = item
  if (shown === null) return
  drawTools()
  if (shown.erased) {
    say('The content was erased. There is nothing left to look at.')
    return
  }
  if (!hasPicture() && !ofInput) {
    figure.replaceChildren()
    return
  }
  const address = addressNow(shown)
  if (address === null) {
    say(
      'The picture is withheld until you ask for it.',
      button('Show it', () => void toggleReveal()),
    )
    return
  }
  const drawn = view
  file(shown, address)
    .then(async (source) => {
      const image = el('img', { src: source, alt: altOf(drawn), 'data-view': drawn })
      image.width = shown.subject.width ?? image.width
      image.height = shown.subject.height ?? image.height
      await image.decode()
      if (item === shown && view === drawn) figure.replaceChildren(image)
    })
    .catch((cause) => {
      if (item === shown && view === drawn)
        fail(cause instanceof Problem ? cause.message : 'The picture’s file cannot be read.', draw)
    })
}

function altOf(shown: View): string {
  const what = ofInput ? 'The picture that the request started from' : 'The picture to be judged'
  return `${what}, ${{ blurred: 'blurred', grey: 'in grey', original: 'as it is' }[shown]}`
}

function say(text: string, ...more: HTMLElement[]): void {
  figure.replaceChildren(el('p', { class: 'hint' }, text), ...more)
}

function fail(message: string, again: () => void): void {
  figure.replaceChildren(
    el('p', { class: 'error', role: 'alert' }, 'The picture could not be shown. ', message),
    button('Try again', again),
  )
}

function drawTools(): void {
  const on = (pressed: boolean) => ({ 'aria-pressed': String(pressed), class: 'quiet' })
  const open = view !== 'blurred'
  const held = [...tools.children].findIndex((one) => one.matches(':focus'))
  tools.replaceChildren(
    ...(hasPicture() || ofInput
      ? [
          button(open ? 'Blur' : 'Show', () => void toggleReveal(), { class: 'quiet', title: 'Space' }),
          button('Grey', toggleGrey, { ...on(preferences.grey), title: 'G' }),
          button('Smaller', () => resize(-1), { class: 'quiet', title: '−', disabled: preferences.size === 's' }),
          button('Larger', () => resize(1), { class: 'quiet', title: '+', disabled: preferences.size === 'l' }),
        ]
      : []),
    ...(hasInput() ? [button('What it started from', () => void showInput(), { ...on(ofInput), title: 'I' })] : []),
  )
  // What was pressed is drawn anew; where it can be pressed no more the focus goes to the first.
  const again = tools.children.item(held)
  const to = again?.matches(':disabled') ? tools.firstElementChild : again
  if (to instanceof HTMLElement) to.focus()
}
