// The Merkle tree of RFC 6962 by its recursive definitions, for archives that tests make: slow, and like nothing else here.

import { createHash } from 'node:crypto'

export const sha256 = (...parts: (Buffer | string)[]): Buffer => {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest()
}

export const leafHash = (entry: string): Buffer => sha256(Buffer.of(0), entry)

const splitOf = (size: number): number => {
  let split = 1
  while (split * 2 < size) split *= 2
  return split
}

/** MTH of the leaves' hashes: section 2.1. */
export const rootOf = (leaves: readonly Buffer[]): Buffer => {
  const [only] = leaves
  if (only === undefined) return sha256()
  if (leaves.length === 1) return only
  const split = splitOf(leaves.length)
  return sha256(Buffer.of(1), rootOf(leaves.slice(0, split)), rootOf(leaves.slice(split)))
}

/** The right siblings on the path of leaf `index`, the lowest first: section 2.1.1 without its left ones. */
const rightOf = (leaves: readonly Buffer[], index: number): Buffer[] => {
  if (leaves.length === 1) return []
  const split = splitOf(leaves.length)
  const [left, right] = [leaves.slice(0, split), leaves.slice(split)]
  return index < split ? [...rightOf(left, index), rootOf(right)] : rightOf(right, index - split)
}

/** What `proofs.json` has as `range`. */
export const rangeProof = (leaves: readonly Buffer[], first: number, end: number): Buffer[] => {
  if (first === end) return leaves.length === 0 ? [] : [rootOf(leaves)]
  const left: Buffer[] = []
  for (let power = 2 ** 20, at = 0; power >= 1; power /= 2) {
    if (Math.floor(first / power) % 2 === 0) continue
    left.push(rootOf(leaves.slice(at, at + power)))
    at += power
  }
  return [...left, ...rightOf(leaves, end - 1)]
}

/** SUBPROOF of section 2.1.2, for 0 < size < leaves. */
const subproof = (leaves: readonly Buffer[], size: number, isWhole: boolean): Buffer[] => {
  if (size === leaves.length) return isWhole ? [] : [rootOf(leaves)]
  const split = splitOf(leaves.length)
  const [left, right] = [leaves.slice(0, split), leaves.slice(split)]
  if (size <= split) return [...subproof(left, size, isWhole), rootOf(right)]
  return [...subproof(right, size - split, false), rootOf(left)]
}

/** What `proofs.json` has as `consistency`. */
export const consistencyProof = (leaves: readonly Buffer[], size: number): Buffer[] =>
  size === 0 || size === leaves.length ? [] : subproof(leaves, size, true)
