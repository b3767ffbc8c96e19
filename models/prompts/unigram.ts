// The Unigram language model's best segmentation of a word, by Viterbi over a trie of its pieces (Kudo 2018, section 3.2).
// Equal to `tokenizers`' Unigram: of equal scores the path that begins its last piece earliest stays, a character that no
// piece covers costs ten below the least score, and neighbours of that kind are one unknown token. Time is linear in the word.

export type Piece = readonly [text: string, score: number]

type Node = { id: number; next: Map<number, Node> }

const UNKNOWN_PENALTY = 10

/** Ids of a word's pieces. `pieces` by id; `unknown` is an id among them. */
export function openUnigram(pieces: readonly Piece[], unknown: number): (word: string) => number[] {
  const root = plant(pieces)
  const scores = Float64Array.from(pieces, ([, score]) => score)
  const unknownScore = scores.reduce((least, score) => Math.min(least, score), Infinity) - UNKNOWN_PENALTY
  return (word) => {
    // Per end: the best path's score, where its last piece begins, and that piece; a start of -1 is not reached.
    const best = new Float64Array(word.length + 1)
    const starts = new Int32Array(word.length + 1).fill(-1)
    const ids = new Int32Array(word.length + 1)
    const offer = (end: number, start: number, id: number, score: number) => {
      if (starts[end] !== -1 && !(score > (best[end] ?? 0))) return
      best[end] = score
      starts[end] = start
      ids[end] = id
    }
    let step = 0
    for (let start = 0; start < word.length; start += step) {
      step = widthAt(word, start)
      const before = best[start] ?? 0
      let node: Node | undefined = root
      for (let at = start; at < word.length; ) {
        node = node.next.get(word.codePointAt(at) ?? 0)
        if (node === undefined) break
        at += widthAt(word, at)
        if (node.id < 0) continue
        offer(at, start, node.id, before + (scores[node.id] ?? 0))
      }
      // Where a piece covers the character alone, this loses against it.
      offer(start + step, start, unknown, before + unknownScore)
    }
    return trace(word.length, starts, ids, unknown)
  }
}

function trace(length: number, starts: Int32Array, ids: Int32Array, unknown: number): number[] {
  const path: number[] = []
  for (let end = length; end > 0; end = starts[end] ?? 0) {
    const id = ids[end] ?? unknown
    if (id !== unknown || path.at(-1) !== unknown) path.push(id)
  }
  return path.reverse()
}

function plant(pieces: readonly Piece[]): Node {
  const root: Node = { id: -1, next: new Map() }
  for (const [id, [text]] of pieces.entries()) {
    let node = root
    for (const character of text) {
      const code = character.codePointAt(0) ?? 0
      const next = node.next.get(code) ?? { id: -1, next: new Map() }
      node.next.set(code, next)
      node = next
    }
    // Of equal pieces the last one's id counts, as in a dictionary from texts to ids.
    if (node !== root) node.id = id
  }
  return root
}

function widthAt(text: string, at: number): number {
  return (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1
}
