// The page of a tenant's decisions works without this: here links are copied, and a search says that it is under way.

import { announce } from './dom.ts'

for (const copy of document.querySelectorAll<HTMLButtonElement>('[data-copy]')) {
  const name = copy.firstChild
  const usual = name?.nodeValue ?? ''
  const say = (word: string) => {
    if (name !== null) name.nodeValue = word
  }
  copy.hidden = navigator.clipboard === undefined
  copy.addEventListener('click', async () => {
    const copied = await navigator.clipboard.writeText(copy.dataset.copy ?? '').then(
      () => true,
      () => false,
    )
    say(copied ? 'Copied' : 'Not copied')
    announce(copied ? 'The link is copied.' : 'The link could not be copied. Open it and copy its address.')
    setTimeout(() => say(usual), 4000)
  })
}

document.querySelector('.filters')?.addEventListener('submit', () => announce('Looking for them…'))
