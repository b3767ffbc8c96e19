// The rows of the transparency log: migration 0026. tables.ts names them all.
import type { DefaultBigInt, Maybe, MaybeTime, Time } from './columns.ts'

/** The one row: the tree as it was signed last, and who may extend it. */
export type LogTable = {
  origin: Maybe<string>
  tree_size: DefaultBigInt
  root: string
  checkpoints: DefaultBigInt
  holder: Maybe<string>
  epoch: DefaultBigInt
  lease_until: MaybeTime
}

/** `note`: the signed note, as anybody gets it. */
export type LogCheckpointTable = {
  size: DefaultBigInt
  root: string
  note: string
  at: Time
  timestamp_token: Maybe<Uint8Array>
}
