// Pages for reviewers: `/review`, one item after another, and `/appeals`, its second looks.

import type { ConsoleOptions } from '../console.ts'
import type { Frame } from '../frame.ts'

type Desk = NonNullable<ConsoleOptions['desk']>

export function deskPages(_frame: Frame, _desk: Desk): void {}
