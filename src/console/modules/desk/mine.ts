// One's own last verdicts, and what became of them.

import { call, problemOf } from '../api.ts'
import { button, el, find, when } from '../dom.ts'
import { verdictWord } from './told.ts'

type Given = {
  item_id: string
  outcome: string
  clause: string | null
  at: string
  undoable: boolean
  ruling: string | null
}

const dialog = find('shift-dialog', HTMLDialogElement)

export async function listMine(): Promise<void> {
  const list = el('ol', { class: 'plain', 'aria-busy': 'true' })
  dialog.replaceChildren(
    el('h2', { id: 'shift-title' }, 'My last verdicts'),
    list,
    button('Close', () => dialog.close()),
  )
  dialog.showModal()
  try {
    const { data } = await call<{ data: Given[] }>('/v1/review/mine?limit=20')
    list.replaceChildren(...data.map(row))
    if (data.length === 0) list.replaceChildren(el('li', {}, 'None so far.'))
  } catch (cause) {
    list.replaceChildren(el('li', { class: 'error' }, problemOf(cause).message))
  }
  list.removeAttribute('aria-busy')
}

function row({ item_id, outcome, clause, at, undoable, ruling }: Given): HTMLElement {
  const became = undoable
    ? 'can still be taken back'
    : ruling === null
      ? 'others have still to decide'
      : `ruled: ${verdictWord(ruling)}`
  return el(
    'li',
    {},
    el('strong', {}, verdictWord(outcome)),
    clause !== null && `, ${clause}`,
    ' ',
    when(at),
    el('br'),
    el('small', {}, became, ', ', el('code', {}, item_id)),
  )
}
