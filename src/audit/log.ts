// The transparency log as the parts of a process hold it: where it lies, the key that signs it, what it is called.
import type { LogKey } from './log-keys.ts'
import type { LogStore } from './tree-store.ts'

export type TransparencyLog = { readonly store: LogStore; readonly key: LogKey; readonly origin: LogName }

/** `named`: what the operator calls the log; null: as it is called already, else `byDefault`. */
export type LogName = { readonly named: string | null; readonly byDefault: string }

/** What a log is called that is called `known` in its records; null: it has no name there yet. */
export function originOf(known: string | null, { named, byDefault }: LogName): string {
  return known ?? named ?? byDefault
}
