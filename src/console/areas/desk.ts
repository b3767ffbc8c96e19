// Pages for reviewers: `/review`, one item after another, and `/appeals`, its second looks.

import type { Frame } from '../frame.ts'
import { deskPage } from '../pages/desk.ts'

const ROLES = ['reviewer', 'lead'] as const
const modules = ['desk/desk.ts']

export function deskPages(frame: Frame): void {
  frame.closed('/review', ROLES, ({ session: { roles } }) => {
    const hint = 'The next item is being fetched'
    const body = deskPage({ title: 'Review', hint, lane: '', lead: roles.includes('lead') })
    return { title: 'Review', body, modules }
  })

  frame.closed('/appeals', ROLES, ({ session: { roles } }) => {
    const hint = 'The next second look is being fetched'
    const body = deskPage({
      title: 'Second looks',
      hint,
      lane: 'second_look',

      lead: roles.includes('lead'),
    })
    return { title: 'Second looks', body, modules }
  })
}
