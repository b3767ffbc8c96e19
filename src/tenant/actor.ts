// Who did an administrative act, as its note in the log says it: ids, or the program that did it by itself.
// Names of people are in no note, so erasing a person leaves the log as it is.
import type { Json } from '../kernel/canonical.ts'
import type { Caller } from './caller.ts'

export type Actor = { [name: string]: Json } & (
  | { key: string | null; person: string | null }
  | { program: 'first_start' | 'recovery' | 'oidc' | 'secrets' | 'janitor' }
)

/** As much of a caller as an act needs: whose it is, and who did it. */
export type Doer = Pick<Caller, 'tenantId' | 'keyId' | 'personId'>

export function actorOf(caller: Doer): Actor {
  return { key: caller.keyId, person: caller.personId }
}
