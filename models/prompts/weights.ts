// Weights in a prompt as AUTOMATIC1111's stable-diffusion-webui reads them: (x) is 1.1 times as strong, [x] 1.1 times weaker,
// (x:1.3) 1.3 times, nested ones multiply, \( \) \[ \] \\ are letters, BREAK begins a new chunk. A bracket that is never
// closed reaches to the end, one that closes nothing is a letter. Total: every text has a reading, in linear time.
// It also keeps that project's oddities: a lone backslash vanishes, and a BREAK within brackets is a weighted word.

export type Piece = { text: string; weight: number } | 'BREAK'

const STRONGER = 1.1
const WEAKER = 1 / 1.1
// Deeper brackets are letters: each level costs a pass over what it encloses.
const MOST_OPEN = 64

const TOKENS = /\\[()[\]\\]?|[()[\]:]|[^\\()[\]:]+/g
// Python would fail on "1.2.3"; here the colon is a letter then.
const FACTOR = /:\s*([+-]?(?:\d+(?:\.\d*)?|\.\d+))\s*\)/y
const BREAK = /(?<![\p{L}\p{N}_])BREAK(?![\p{L}\p{N}_])/u
const BREAK_WEIGHT = -1

type Part = { text: string; weight: number }

/** Pieces of equal weight in order; neighbours never weigh the same. The empty text is one empty piece. */
export function readWeights(text: string): Piece[] {
  const parts: Part[] = []
  const open = { '(': [] as number[], '[': [] as number[] }
  const scale = (since: number, factor: number) => {
    for (const part of parts.slice(since)) part.weight *= factor
  }
  const close = (since: number | undefined, factor: number) => {
    if (since !== undefined) scale(since, factor)
    return since !== undefined
  }
  let read = 0
  for (const { 0: token, index } of text.matchAll(TOKENS)) {
    // A factor takes its bracket with it.
    if (index < read) continue
    read = index + token.length
    if (token.startsWith('\\')) {
      parts.push({ text: token.slice(1), weight: 1 })
      continue
    }
    if ((token === '(' || token === '[') && open[token].length < MOST_OPEN) {
      open[token].push(parts.length)
      continue
    }
    if (token === ')' && close(open['('].pop(), STRONGER)) continue
    if (token === ']' && close(open['['].pop(), WEAKER)) continue
    const factor = token === ':' ? factorAt(text, index) : null
    if (factor !== null && close(open['('].pop(), factor.value)) read = factor.end
    else parts.push(...splitBreaks(token))
  }
  for (const since of open['(']) scale(since, STRONGER)
  for (const since of open['[']) scale(since, WEAKER)
  return merge(parts)
}

function factorAt(text: string, index: number): { value: number; end: number } | null {
  FACTOR.lastIndex = index
  const found = FACTOR.exec(text)
  const value = Number(found?.[1] ?? NaN)
  return found !== null && Number.isFinite(value) ? { value, end: index + found[0].length } : null
}

/** The white space around a BREAK goes with it. */
function splitBreaks(token: string): Part[] {
  const between = token.split(BREAK)
  return between.flatMap((part, i) => {
    const after = i > 0 ? part.trimStart() : part
    const text = i < between.length - 1 ? after.trimEnd() : after
    return [...(i > 0 ? [{ text: 'BREAK', weight: BREAK_WEIGHT }] : []), { text, weight: 1 }]
  })
}

function merge(parts: readonly Part[]): Piece[] {
  const merged: Part[] = []
  for (const part of parts) {
    const last = merged.at(-1)
    if (last?.weight === part.weight) last.text += part.text
    else merged.push({ ...part })
  }
  if (merged.length === 0) return [{ text: '', weight: 1 }]
  return merged.map((part) => (part.text === 'BREAK' && part.weight === BREAK_WEIGHT ? 'BREAK' : part))
}
