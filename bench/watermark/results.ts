// What was measured, a line of JSON each, appended as it comes, so that a stopped run goes on where it was. A line says which version of
// its method it is of: lines of other versions stay in the file and count for nothing.
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Cell } from './methods.ts'

type Of = Cell & { seed: number; method: string; version: string }

/** How a picture came out of marking. */
export type Marked = Of & {
  kind: 'marked'
  psnrDb: number
  /** Structural similarity of luma, and the mean of the three channels'. */
  ssim: number
  ssimColour: number
  strength: number
  bits: number
}

/** What was found in one copy. */
export type Copy = Of & {
  kind: 'copy'
  attack: string
  found: boolean
  decoded: boolean
  /** A payload was reported, and not the one that was put in. */
  wrong: boolean
  /** Ours: z. Peers: bits that agree. */
  score: number
  /** The search ended because time was up. */
  cutShort: boolean
  readMs: number
}

export type Result = Marked | Copy

export type Versions = Readonly<Record<string, string>>

export type ResultFile = {
  /** Of the versions at hand; the latest of equals. */
  all(): Result[]
  has(of: Cell & { seed: number; method: string; attack: string }): boolean
  append(result: Result): void
}

export function openResults(file: string, versions: Versions): ResultFile {
  const known = new Map<string, Result>()
  const keep = (result: Result) => {
    if (versions[result.method] === result.version) known.set(keyOf(result), result)
  }
  const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n') : []
  for (const line of lines) {
    const result = parse(line)
    // A search that was cut short says how busy the machine was: the next run reads that copy once more.
    if (result !== null && !(result.kind === 'copy' && result.cutShort)) keep(result)
  }
  mkdirSync(dirname(file), { recursive: true })
  return {
    all: () => [...known.values()],
    has: (of) => known.has(keyOf(of)) && known.has(keyOf({ ...of, attack: undefined })),
    append(result) {
      // A line that a stop cut short ends here.
      appendFileSync(file, `\n${JSON.stringify(result)}`)
      keep(result)
    },
  }
}

/** Null for an empty line and for one that a stop cut short. */
function parse(line: string): Result | null {
  if (!line.startsWith('{') || !line.endsWith('}')) return null
  return JSON.parse(line)
}

function keyOf(of: Cell & { seed: number; method: string; attack?: string | undefined }): string {
  return [of.set, of.side, of.seed, of.method, of.attack ?? ''].join('|')
}
