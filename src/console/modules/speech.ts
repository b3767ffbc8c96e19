// The words of the page's language, as the server put them on the page, and how their places are filled.

import type { Speech } from '../../statement/speech/speech.ts'
import { el } from './dom.ts'

export const words: Pick<Speech, 'reasons' | 'appeal'> = JSON.parse(
  document.getElementById('words')?.dataset.words ?? '{}',
)

export const day = (iso: string): HTMLElement =>
  el(
    'time',
    { datetime: iso },
    new Date(iso).toLocaleDateString(document.documentElement.lang, { day: 'numeric', month: 'long', year: 'numeric' }),
  )

/** A text whose places are filled with nodes or with more text. */
export const said = (text: string, places: Record<string, Node | string | number> = {}): (Node | string)[] =>
  text.split(/(\{\w+\})/).map((part) => {
    const value = places[part.slice(1, -1)] ?? part
    return value instanceof Node ? value : String(value)
  })
