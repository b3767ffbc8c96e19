// Random damage from a seed: one bit, bytes put in or taken out, lines of the rows swapped, repeated or dropped.

import { tarOf } from './tar.ts'

type Random = (below: number) => number

/** A linear congruential generator (Numerical Recipes); its high bits are good enough to choose places by. */
export const randomOf = (seed: number): Random => {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

const splice = (bytes: Buffer, at: number, taken: number, put: Buffer): Buffer =>
  Buffer.concat([bytes.subarray(0, at), put, bytes.subarray(at + taken)])

const bitFlip = (bytes: Buffer, random: Random): Buffer => {
  const at = random(bytes.length)
  return splice(bytes, at, 1, Buffer.of((bytes[at] ?? 0) ^ (1 << random(8))))
}
const insertion = (bytes: Buffer, random: Random): Buffer =>
  splice(bytes, random(bytes.length + 1), 0, Buffer.from(Array.from({ length: 1 + random(3) }, () => random(256))))
const deletion = (bytes: Buffer, random: Random): Buffer =>
  splice(bytes, random(bytes.length - 3), 1 + random(3), Buffer.alloc(0))

const linesOf = (bytes: Buffer): string[] => bytes.toString().split(/(?<=\n)/)
const joined = (lines: readonly string[]): Buffer => Buffer.from(lines.join(''))
const lineSwap = (bytes: Buffer, random: Random): Buffer => {
  const lines = linesOf(bytes)
  const one = random(lines.length)
  const other = (one + 1 + random(lines.length - 1)) % lines.length
  return joined(lines.map((line, i) => lines[i === one ? other : i === other ? one : i] ?? line))
}
const repetition = (bytes: Buffer, random: Random): Buffer => {
  const lines = linesOf(bytes)
  const at = random(lines.length)
  return joined(lines.flatMap((line, i) => (i === at ? [line, line] : [line])))
}
const drop = (bytes: Buffer, random: Random): Buffer => {
  const lines = linesOf(bytes)
  return joined(lines.toSpliced(random(lines.length), 1))
}

const anywhere = [bitFlip, insertion, deletion]
const onlyFiles = [...anywhere, lineSwap, repetition, drop]

export interface Damage {
  name: string
  bytes: Buffer
}

/** Damages the archive's bytes, or one of its files before the tar is made, so that sizes and padding follow. */
export const damage = (files: ReadonlyMap<string, Buffer>, random: Random): Damage => {
  const isRaw = random(2) === 0
  if (isRaw) {
    const change = anywhere[random(anywhere.length)] ?? bitFlip
    return { name: `${change.name} in the archive`, bytes: change(tarOf(files), random) }
  }
  const names = [...files.keys()]
  // Every other time the rows, which are the most.
  const name = random(2) === 0 ? 'rows.jsonl' : (names[random(names.length)] ?? 'rows.jsonl')
  const changes = name === 'rows.jsonl' ? onlyFiles : anywhere
  const change = changes[random(changes.length)] ?? bitFlip
  const changed = [...files].map(([each, bytes]): [string, Buffer] => [
    each,
    each === name ? change(bytes, random) : bytes,
  ])
  return { name: `${change.name} in ${name}`, bytes: tarOf(new Map(changed)) }
}
