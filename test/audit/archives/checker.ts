// verify.mjs as a command, and what it says in a form that tests can expect.

import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after } from 'node:test'

const program = resolve(import.meta.dirname, '../../../src/audit/verify.mjs')
export const folder = mkdtempSync(join(tmpdir(), 'darkroom-verify-mjs-'))
after(() => rmSync(folder, { recursive: true, force: true }))

let files = 0
export const fileOf = (bytes: Buffer | string): string => {
  const path = join(folder, `file-${files++}`)
  writeFileSync(path, bytes)
  return path
}

interface Told {
  failures: readonly string[]
  unchecked: readonly string[]
  unheld: readonly string[]
}

export interface Run {
  code: number
  stdout: string
  stderr: string
  /** The lines of failures, with hashes and paths in short. */
  lines: string[]
}

export const shorten = (line: string): string =>
  line
    .replaceAll(folder, '')
    .replace(/\b[0-9a-f]{64}\b/g, 'HEX')
    .replace(/[A-Za-z0-9+/]{43}=/g, 'ROOT')
    .replace(/\/file-\d+/g, 'FILE')

/** As the command prints them. */
export const linesOf = ({ failures, unchecked, unheld }: Told): string[] =>
  [
    ...failures.map((line) => `wrong: ${line}`),
    ...unchecked.map((line) => `not checked: ${line}`),
    ...unheld.map((line) => `not held: ${line}`),
  ].map(shorten)

export const command = (...args: string[]): Promise<Run> =>
  new Promise((resolved) => {
    execFile(process.execPath, [program, ...args], { timeout: 60_000 }, (error, stdout, stderr) => {
      const lines = stdout.split('\n').filter((line) => /^(wrong|not checked|not held): /.test(line))
      resolved({ code: error === null ? 0 : Number(error.code), stdout, stderr, lines: lines.map(shorten) })
    })
  })
