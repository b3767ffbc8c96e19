// The policy that ships with one text replaced, and what it is refused for. Tests of loading use it.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { Fault } from '../../src/kernel/fault.ts'
import { parseModerationPolicy } from '../../src/policy/load.ts'

export const FILE = 'policies/moderation.yaml'
export const good = await readFile(FILE, 'utf8')

export type Case = readonly [name: string, from: string, to: string, reason: RegExp, needle?: string]

/** The shipped file with one text replaced; the replaced text must be there exactly once. */
export function changed(from: string, to: string): string {
  assert.equal(good.split(from).length, 2, `expected once: ${from}`)
  return good.replace(from, () => to)
}
export function problemsOf(text: string): { field: string; lines: string[] } {
  try {
    parseModerationPolicy(Buffer.from(text), FILE)
  } catch (error) {
    assert.ok(error instanceof Fault && error.code === 'policy_invalid', String(error))
    return { field: error.field ?? '', lines: error.message.split('\n').slice(1) }
  }
  assert.fail('the policy loaded')
}
export function lineOf(text: string, needle: string): number {
  return text.slice(0, text.indexOf(needle)).split('\n').length
}
/** Asserts that the changed file is refused at the line of `needle` (default: the change) for `reason`. */
export function refused(from: string, to: string, reason: RegExp, needle = to) {
  const text = changed(from, to)
  const { lines } = problemsOf(text)
  const where = `${FILE}:${lineOf(text, needle)}:`
  assert.ok(
    lines.some((line) => line.includes(where) && reason.test(line)),
    `expected ${where} ${reason}\n${lines.join('\n')}`,
  )
}
