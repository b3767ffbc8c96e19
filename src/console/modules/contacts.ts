// The contact sheet: earlier generations, newest first, each a frame that opens in the tray.

import { call, type Generation, problemOf } from './api.ts'
import { el, find, plural, when } from './dom.ts'

type Page = { data: Generation[]; has_more: boolean; next: string | null }

export type Contacts = { reload: () => Promise<void>; mark: (id: string | null) => void }

function wordOf({ state, outcome, images }: Generation): string {
  const gone = images.find((image) => image.state === 'withdrawn' || image.state === 'expired')
  if (gone !== undefined && images.every((image) => image.url === null)) return gone.state
  if (state === 'done') return (outcome ?? 'done').replace('partly_', '')
  return ['received', 'queued', 'generating'].includes(state) ? 'developing' : state
}

export function contacts(open: (generation: Generation) => void): Contacts {
  const film = find('film', HTMLOListElement)
  const note = find('contacts-note', HTMLElement)
  const older = find('older', HTMLButtonElement)
  let next: string | null = null
  let current: string | null = null

  const frame = (generation: Generation) => {
    const picture = generation.images.find((image) => image.url !== null)
    const word = wordOf(generation)
    const instead = (said: string) => el('span', { class: 'word' }, said)
    const link = el(
      'a',
      { href: `/?generation=${encodeURIComponent(generation.id)}`, 'data-id': generation.id },
      picture?.url
        ? el('img', {
            ...{ src: picture.url, alt: '', width: 96, height: 96, loading: 'lazy', class: 'crisp' },
            // It was taken back, or has expired, since this was listed.
            error: ({ target }) => target instanceof HTMLElement && target.replaceWith(instead('not available')),
          })
        : instead(word),
      el(
        'span',
        { class: 'edge' },
        el('span', {}, generation.n > 1 ? `×${generation.n}` : picture ? '▸' : ''),
        when(generation.created_at),
      ),
    )
    link.setAttribute(
      'aria-label',
      `${word}, ${plural(generation.n, 'picture')}, ${link.querySelector('time')?.textContent}`,
    )
    link.addEventListener('click', (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return
      event.preventDefault()
      open(generation)
    })
    return el('li', {}, link)
  }

  const mark = (id: string | null) => {
    current = id
    for (const link of film.querySelectorAll('a')) {
      if (link.dataset.id === current) link.setAttribute('aria-current', 'true')
      else link.removeAttribute('aria-current')
    }
  }

  const load = async (after: string | null) => {
    try {
      const page = await call<Page>(
        `/v1/generations?limit=12${after === null ? '' : `&after=${encodeURIComponent(after)}`}`,
      )
      const frames = page.data.map(frame)
      if (after === null) film.replaceChildren(...frames)
      else film.append(...frames)
      next = page.has_more ? page.next : null
      older.hidden = next === null
      note.textContent = film.children.length === 0 ? 'Your pictures will be here, newest first.' : ''
      mark(current)
    } catch (cause) {
      note.replaceChildren(
        problemOf(cause).message,
        ' ',
        el('button', { type: 'button', class: 'quiet', click: () => void load(after) }, 'Try again'),
      )
    }
  }
  older.addEventListener('click', () => void load(next))
  return { reload: () => load(null), mark }
}
