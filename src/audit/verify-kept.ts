// Checkpoints that somebody kept, held against an export: a log that signs two trees of one size shows different people different
// histories, and whoever kept one of its checkpoints finds that out.
import { type Checkpoint, openCheckpoint } from './checkpoint.ts'
import type { Tell } from './failures.ts'
import { EMPTY_ROOT, openTree, type Tree } from './merkle.ts'
import { NoteError, type VerifierKey } from './note.ts'

export type Kept = { readonly name: string; readonly note: Buffer }

type Held = Checkpoint & { name: string; held: boolean }

export type KeptCheck = {
  /** With the hash of each leaf of the range, in order. */
  push: (leafHash: Buffer) => void
  /** With a checkpoint that the archive itself has. */
  hold: (checkpoint: Checkpoint) => void
  /** Names of those whose tree the range does not reach. */
  outside: () => string[]
}

/** `left`: the roots of the complete subtrees before the range, as the proof has them; null where they are not known. */
export function heldAgainst(
  kept: readonly Kept[],
  key: VerifierKey,
  { first, left }: { first: number; left: readonly Buffer[] | null },
  tell: Tell,
): KeptCheck {
  const all = kept.flatMap((one) => openKept(one, key, tell))
  const tree = all.length === 0 || left === null ? null : openTree(first, left)
  const hold = ({ size, root }: Pick<Checkpoint, 'size' | 'root'>) => {
    for (const one of all) {
      if (one.size !== size) continue
      one.held = true
      if (!one.root.equals(root))
        tell(`split view: ${one.name} has another root for the tree of ${size} leaves than this export leads to`)
    }
  }
  hold({ size: 0, root: EMPTY_ROOT })
  if (tree !== null) hold({ size: first, root: tree.root() })
  const sizes = new Set(all.map(({ size }) => size))
  return {
    push: (leafHash) => {
      if (tree === null) return
      tree.push(leafHash)
      if (sizes.has(tree.size)) hold(rootOf(tree))
    },
    hold,
    outside: () => all.filter(({ held }) => !held).map(({ name, size }) => `${name} (${size} leaves)`),
  }
}

function rootOf(tree: Tree): { size: number; root: Buffer } {
  return { size: tree.size, root: tree.root() }
}

function openKept({ name, note }: Kept, key: VerifierKey, tell: Tell): Held[] {
  try {
    return [{ ...openCheckpoint(note, { origin: key.name, logKeys: [key] }), name, held: false }]
  } catch (error) {
    if (!(error instanceof NoteError)) throw error
    tell(`${name}: ${error.message}`)
    return []
  }
}
