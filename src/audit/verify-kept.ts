// Checkpoints that somebody kept, held against an export: a log that signs two trees of one size shows different people different
// histories, and whoever kept one of its checkpoints finds that out.
import { type Checkpoint, openCheckpoint } from './checkpoint.ts'
import type { Tell } from './failures.ts'
import { EMPTY_ROOT, openTree, type Tree } from './merkle.ts'
import { NoteError, type VerifierKey } from './note.ts'

export type Kept = { readonly name: string; readonly note: Buffer }

type Held = Checkpoint & { name: string; root: Buffer; found: Buffer | null }

export type KeptCheck = {
  /** With the hash of each leaf of the range, in order. */
  push: (leafHash: Buffer) => void
  /** With a checkpoint that the archive itself has. */
  hold: (checkpoint: Pick<Checkpoint, 'size' | 'root'>) => void
  /** Tells what differs. `leads`: whether the rows lead to the checkpoint that was signed. */
  end: (leads: boolean) => NotHeld
}

/** `unheld`: trees of sizes that the archive knows no root of. `unchecked`: those that its rows should have led to. */
export type NotHeld = { readonly unheld: readonly string[]; readonly unchecked: readonly string[] }

/** `left`: the roots of the complete subtrees before the range, as the proof has them; null where they are not known. */
export function heldAgainst(
  kept: readonly Kept[],
  key: VerifierKey,
  { first, left }: { first: number; left: readonly Buffer[] | null },
  tell: Tell,
): KeptCheck {
  const all = kept.flatMap((one) => openKept(one, key, tell))
  const tree = all.length === 0 || left === null ? null : openTree(first, left)
  const hold: KeptCheck['hold'] = ({ size, root }) => {
    for (const one of all) if (one.size === size) one.found ??= root
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
    end: (leads) => {
      const [unheld, unchecked]: [string[], string[]] = [[], []]
      for (const { name, size, root, found } of all) {
        const line = `${name} could not be held against the export:`
        if (!leads) unchecked.push(`${line} its rows do not lead to checkpoint.note`)
        else if (found === null) unheld.push(`${line} its tree of ${size} leaves is outside of the range`)
        else if (!found.equals(root))
          tell(
            `split view: the log's key signed two roots of the tree of ${size} leaves, that of ${name} and that of this export`,
          )
      }
      return { unheld, unchecked }
    },
  }
}

function rootOf(tree: Tree): { size: number; root: Buffer } {
  return { size: tree.size, root: tree.root() }
}

function openKept({ name, note }: Kept, key: VerifierKey, tell: Tell): Held[] {
  try {
    return [{ ...openCheckpoint(note, { origin: key.name, logKeys: [key] }), name, found: null }]
  } catch (error) {
    if (!(error instanceof NoteError)) throw error
    tell(`${name}: ${error.message}`)
    return []
  }
}
