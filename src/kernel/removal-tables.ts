// The rows of what is still to be removed from the stores: migrations 0004, 0010, 0014 and 0032. tables.ts names them all.
import type { Generated } from 'kysely'
import type { Maybe, Time } from './columns.ts'

/** An erasure that has been recorded and whose objects are still to be removed. */
export type ErasureTable = {
  request_id: string
  tenant_id: string
  asked_at: Time
  due_at: Time
  passes: Generated<number>
  /** Work that was in hand may still write; the last pass comes after this. */
  settled_at: Time
}

/** What may lie in the stores of an image that ended without a picture. */
export type LeftoverTable = { image_id: string; passes: Generated<number>; due_at: Time; settled_at: Time }

/** What is left to do in the stores for one image. */
export type RemovalTable = { image_id: string; what: 'public' | 'originals'; due_at: Time }

/** Erased for whoever asks, and kept sealed because it must be. */
export type HeldErasureTable = { request_id: string; tenant_id: string; asked_at: Time }

/** Everything that was ordered for one user of a tenant up to `asked_at` is to be erased; gone when it is. */
export type UserErasureTable = {
  id: string
  tenant_id: string
  user_digest: string
  salt: Uint8Array
  key_id: Maybe<string>
  person_id: Maybe<string>
  asked_at: Time
  due_at: Time
  passes: Generated<number>
  /** What was erased so far. */
  generations: Generated<number>
  images: Generated<number>
}
