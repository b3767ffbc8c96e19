// Kinds of columns: what a row reads as, and what may be written. bigint arrives as text from both drivers.
// A column with a default may be left out of an insert. The rows made of these kinds are in tables.ts.
import type { ColumnType } from 'kysely'
import type { Json } from './canonical.ts'

export type Json_ = ColumnType<Json, string, string>
export type Time = ColumnType<Date, Date | string | undefined, Date | string>
export type MaybeTime = ColumnType<Date | null, Date | string | null | undefined, Date | string | null>
export type BigInt_ = ColumnType<string, number | string | bigint, number | string | bigint>
export type DefaultBigInt = ColumnType<string, number | string | bigint | undefined, number | string | bigint>
export type Maybe<T> = ColumnType<T | null, T | null | undefined, T | null>
