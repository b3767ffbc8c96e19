// What a check found wrong: every one is counted, the first are kept.

const MOST_LINES = 20

export type Failures = { tell: Tell; count: () => number; lines: () => readonly string[] }
export type Tell = (line: string) => void

export function openFailures(): Failures {
  const lines: string[] = []
  let count = 0
  return {
    tell: (line) => {
      count += 1
      if (lines.length < MOST_LINES) lines.push(line)
    },
    count: () => count,
    lines: () => lines,
  }
}
