// The history of a picture: a row's entry and proof are opened in place, where without script a link leads to them.

import { offerCheck } from './audit-proof.ts'
import { announce, el } from './dom.ts'

async function open(place: HTMLDetailsElement): Promise<void> {
  const link = place.querySelector('a')
  if (link === null || place.dataset.shown !== undefined) return
  place.dataset.shown = ''
  const response = await fetch(link.href).catch(() => null)
  const page = new DOMParser().parseFromString((await response?.text()) ?? '', 'text/html')
  const proof = page.querySelector<HTMLElement>('[data-proof]')
  if (proof === null) {
    delete place.dataset.shown
    place.querySelector('.error')?.remove()
    const said = page.querySelector('#answer p')?.textContent ?? 'The server cannot be reached. Try again in a moment.'
    place.append(el('p', { class: 'error' }, said))
    return announce(said)
  }
  place.querySelector('.error')?.remove()
  link.parentElement?.replaceWith(proof)
  offerCheck(proof)
}

for (const place of document.querySelectorAll<HTMLDetailsElement>('details.place'))
  place.addEventListener('toggle', () => {
    if (place.open) void open(place)
  })
