// The routing page works without this. It moves the rule that one is at by Alt and an arrow, and warns before a draft is left.

import { find } from '../dom.ts'

const page = find('routing', HTMLElement)

page.addEventListener('keydown', ({ altKey, key, target }) => {
  const act = altKey && { ArrowUp: 'up', ArrowDown: 'down' }[key]
  if (!act || !(target instanceof Element)) return
  target.closest('.rule')?.querySelector<HTMLButtonElement>(`[value^="${act}."]`)?.click()
})

let kept = !('unsaved' in page.dataset)
const keep = () => {
  kept = true
}
page.addEventListener('submit', keep)
for (const link of page.querySelectorAll('a')) link.addEventListener('click', keep)
addEventListener('beforeunload', (event) => {
  if (!kept) event.preventDefault()
})
