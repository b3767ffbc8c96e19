// What stands in the place of an item when there is none, and notices above it; and which of the desk's views is on.

import { button, el, find } from '../dom.ts'

type View = 'loading' | 'judging' | 'told' | 'rest'
/** Why there is no item. */
type Reason = 'empty' | 'came' | 'stuck' | 'unopened' | 'signed_out' | 'break' | 'over'

export const root = find('desk', HTMLElement)
const notices = find('notices', HTMLElement)
const rest = find('rest', HTMLElement)

export function view(next: View): void {
  root.dataset.view = next
  root.setAttribute('aria-busy', String(next === 'loading'))
}

/** In the place of an item: why there is none. */
export function say(reason: Reason, heading: string, text: string, ...more: HTMLElement[]): void {
  root.dataset.reason = reason
  const title = el('h2', { tabindex: -1 }, heading)
  rest.replaceChildren(title, el('p', {}, text), el('div', { class: 'row' }, ...more))
  view('rest')
  title.focus()
}

/** Whether there is no item just now, for this reason. */
export const isResting = (reason: Reason) => root.dataset.view === 'rest' && root.dataset.reason === reason

/** As a sentence, so that another may follow. */
export const sentence = (text: string) =>
  `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?…]$/.test(text) ? '' : '.'}`

/** Where to sign in without leaving this tab and what was typed in it. */
export const signInLink = () =>
  el('a', { href: location.pathname, target: '_blank', rel: 'noopener', class: 'button' }, 'Sign in in another tab')

/** Takes something away; if the focus was in it, it goes on to what the desk is about. */
export function takeAway(node: HTMLElement): void {
  const held = node.contains(document.activeElement)
  node.remove()
  const titles = [...root.querySelectorAll<HTMLElement>('h2[tabindex]')]
  if (held) titles.find((title) => title.checkVisibility())?.focus()
}

/** Stays until it is dismissed or taken away. What a person typed is quoted. */
export function notice(
  text: string,
  { quoted = '' }: { quoted?: string | undefined } = {},
  ...more: HTMLElement[]
): HTMLElement {
  const node = el(
    'div',
    { class: 'callout stack' },
    el('p', { role: 'alert' }, text),
    quoted !== '' && el('p', { class: 'words', dir: 'auto' }, quoted),
  )
  node.append(
    el(
      'div',
      { class: 'row' },
      ...more,
      button('Dismiss', () => takeAway(node), { class: 'quiet' }),
    ),
  )
  notices.prepend(node)
  return node
}
