// Everything that can be done here, once: single keys, the palette (Ctrl K) and the cheat sheet (?) are made of the same list. Single
// keys are off while one types and can be switched off altogether (WCAG 2.1.4); Ctrl K never is.

import { button, el, find } from '../dom.ts'

export type Command = {
  name: string
  /** As the browser names the key; a space is Space. */
  key?: string
  /** Absent: always. */
  can?: () => boolean
  run: () => void
}

const SWITCH = 'darkroom.keys'
const palette = find('palette', HTMLDialogElement)
const ask = find('palette-ask', HTMLInputElement)
const list = find('palette-list', HTMLElement)
const sheet = find('keys', HTMLDialogElement)

const hasKeys = () => localStorage.getItem(SWITCH) !== 'off'
const spoken = (key: string) => ({ ' ': 'Space' })[key] ?? (key.length === 1 ? key.toUpperCase() : key)

let known: readonly Command[] = []
let found: Command[] = []
let at = 0

/** `digit`: what 1 to 9 do. */
export function listen(commands: readonly Command[], digit: (digit: number) => void): void {
  known = commands
  addEventListener('keydown', (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k') {
      event.preventDefault()
      return palette.open ? palette.close() : openPalette()
    }
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || !hasKeys()) return
    if (document.querySelector('dialog[open]') !== null || types(event.target)) return
    // Space and Enter work what has the focus.
    if (event.key === ' ' && event.target instanceof HTMLElement && event.target.matches('button, a, summary')) return
    if (/^[1-9]$/.test(event.key)) {
      event.preventDefault()
      return digit(Number(event.key))
    }
    const command = known.find((one) => one.key === event.key.toLowerCase())
    if (command === undefined || command.can?.() === false) return
    event.preventDefault()
    command.run()
  })
  ask.addEventListener('input', draw)
  ask.addEventListener('keydown', (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
    if (step !== undefined) {
      event.preventDefault()
      at = (at + step + found.length) % Math.max(1, found.length)
      mark()
    } else if (event.key === 'Enter') {
      event.preventDefault()
      // What is chosen here must not also be decided.
      event.stopPropagation()
      choose(found[at])
    }
  })
}

function types(target: EventTarget | null): boolean {
  if (target instanceof HTMLInputElement) return !['radio', 'checkbox'].includes(target.type)
  return target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement
}

export function openPalette(): void {
  ask.value = ''
  draw()
  palette.showModal()
  ask.focus()
}

function draw(): void {
  const words = ask.value.toLowerCase().split(/\s+/)
  found = known.filter(({ name, can }) => can?.() !== false && words.every((word) => name.toLowerCase().includes(word)))
  at = 0
  list.replaceChildren(
    ...found.map((command, index) =>
      el(
        'li',
        { role: 'option', id: `command-${index}`, click: () => choose(command) },
        command.name,
        command.key !== undefined && el('kbd', {}, spoken(command.key)),
      ),
    ),
  )
  if (found.length === 0) list.replaceChildren(el('li', { class: 'hint' }, 'Nothing of that name can be done now.'))
  mark()
}

function mark(): void {
  const options = [...list.querySelectorAll('[role=option]')]
  for (const [index, option] of options.entries()) option.setAttribute('aria-selected', String(index === at))
  options[at]?.scrollIntoView({ block: 'nearest' })
  if (options.length === 0) ask.removeAttribute('aria-activedescendant')
  else ask.setAttribute('aria-activedescendant', `command-${at}`)
}

function choose(command: Command | undefined): void {
  if (command === undefined) return
  palette.close()
  command.run()
}

export function openSheet(): void {
  const rows = [
    ['Ctrl K', 'All commands'],
    ['1 … 9', 'Choose, and go on to the next choice'],
    ['Enter', 'Decide, and take the next item'],
    ['Shift Enter', 'Decide, and stay to see what it was; of a second look, go on'],
    ['Ctrl Enter', 'Decide from the note'],
    ['Esc', 'Leave the note or the search'],
    ...known.flatMap(({ key, name }) => (key === undefined ? [] : [[spoken(key), name]])),
  ]
  const on = el('input', { type: 'checkbox', checked: hasKeys() })
  on.addEventListener('change', () => localStorage.setItem(SWITCH, on.checked ? 'on' : 'off'))
  sheet.replaceChildren(
    el('h2', { id: 'keys-title' }, 'Keys'),
    el(
      'dl',
      { class: 'keys' },
      ...rows.flatMap(([key, name]) => [el('dt', {}, el('kbd', {}, key)), el('dd', {}, name)]),
    ),
    el('label', { class: 'check' }, on, 'Single keys work'),
    button('Close', () => sheet.close()),
  )
  sheet.showModal()
}
