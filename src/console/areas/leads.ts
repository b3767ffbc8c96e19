// Pages for those who run the desk: the queue as pictures, routing, quality, people.

import type { ConsoleOptions } from '../console.ts'
import type { Frame } from '../frame.ts'
import { routingPage } from './routing.ts'

type Desk = NonNullable<ConsoleOptions['desk']>

export function leadPages(frame: Frame, desk: Desk): void {
  routingPage(frame, desk)
}
