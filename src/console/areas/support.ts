// Pages for a tenant's own support people: what was decided about their users' requests, and how the appeals stand.

import type { ConsoleOptions } from '../console.ts'
import type { Frame } from '../frame.ts'

type Desk = NonNullable<ConsoleOptions['desk']>

export function supportPages(_frame: Frame, _desk: Desk): void {}
