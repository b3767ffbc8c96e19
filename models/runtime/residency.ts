// Which models are open, under a budget of memory: opened when asked for, the least recently used one closed to make room.
// Pinned ones stay, idle ones go. A model's cost is an estimate until it was opened once, and then the most that opening it took.
// One call at a time: whoever uses a model lets go of it before anybody asks for another.
import { ModelError } from './error.ts'

export type ResidencyOptions<M> = {
  /** Infinity: every model stays once it was opened. */
  budgetBytes: number
  /** An unpinned model that was not used for so long is closed by `closeIdle`; Infinity: never. */
  idleMs: number
  pinned: ReadonlySet<string>
  /** What a model that was never opened may take, and what none takes less than. */
  estimate(id: string): { bytes: number; leastBytes: number }
  open(id: string): Promise<M>
  /** Bytes that this process holds; what opening a model added to it is its cost. */
  usedBytes(): number
  /** Milliseconds on a clock that never goes back. */
  now(): number
}

export type Residency<M> = AsyncDisposable & {
  /** The open model. ModelError out_of_memory: it does not fit, even alone; and whatever opening it throws. */
  get(id: string): Promise<M>
  has(id: string): boolean
  /** Open models with what they take, least recently used first. */
  resident(): { id: string; bytes: number }[]
  /** Closes what nobody used for `idleMs`; their ids. */
  closeIdle(): Promise<string[]>
  /** Closes everything that is not pinned, but `keep`: the way out when memory ran out. Their ids. */
  closeOthers(keep: string): Promise<string[]>
}

type Entry<M> = { model: M; bytes: number; usedAt: number }

export function createResidency<M extends AsyncDisposable>(options: ResidencyOptions<M>): Residency<M> {
  const { budgetBytes, idleMs, pinned, estimate, open, usedBytes, now } = options
  // In order of use: a Map keeps the order of insertion.
  const entries = new Map<string, Entry<M>>()
  const measured = new Map<string, number>()

  const costOf = (id: string) => measured.get(id) ?? estimate(id).bytes
  const total = () => Array.from(entries.values()).reduce((sum, { bytes }) => sum + bytes, 0)

  async function close(id: string): Promise<void> {
    const entry = entries.get(id)
    entries.delete(id)
    await entry?.model[Symbol.asyncDispose]()
  }

  async function closeWhere(goes: (id: string, entry: Entry<M>) => boolean): Promise<string[]> {
    const gone = Array.from(entries).filter(([id, entry]) => !pinned.has(id) && goes(id, entry))
    for (const [id] of gone) await close(id)
    return gone.map(([id]) => id)
  }

  async function closeUntil(bytes: number): Promise<void> {
    for (const [other] of Array.from(entries)) if (total() > bytes && !pinned.has(other)) await close(other)
  }

  async function makeRoom(id: string): Promise<void> {
    const needed = costOf(id)
    await closeUntil(budgetBytes - needed)
    const beside = total()
    if (beside + needed <= budgetBytes) return
    const pins = beside === 0 ? '' : ` of which pinned models take ${mebibytes(beside)},`
    const remedy = beside === 0 ? 'raise it, or set it to 0' : 'raise it, or take models out of DARKROOM_MODEL_PINNED'
    throw new ModelError(
      'out_of_memory',
      `${id} needs about ${mebibytes(needed)}; DARKROOM_MODEL_MEMORY_MIB allows ${mebibytes(budgetBytes)},${pins} so ${remedy}`,
      { field: 'model' },
    )
  }

  async function openFresh(id: string): Promise<Entry<M>> {
    await makeRoom(id)
    const before = usedBytes()
    const model = await open(id).catch(async (error: unknown) => {
      // The estimate was too low, or somebody else took the memory: one more try with nobody beside.
      const memory = error instanceof ModelError && error.code === 'out_of_memory'
      if (!memory || (await closeWhere(() => true)).length === 0) throw error
      return open(id)
    })
    // Memory that others gave back is taken again without a trace: what was seen once is the least that it costs.
    const bytes = Math.max(usedBytes() - before, estimate(id).leastBytes, measured.get(id) ?? 0)
    measured.set(id, bytes)
    // It took more than was thought: the others make up for it.
    await closeUntil(budgetBytes - bytes)
    return { model, bytes, usedAt: now() }
  }

  return {
    async get(id) {
      const entry = entries.get(id) ?? (await openFresh(id))
      entries.delete(id)
      entries.set(id, entry)
      entry.usedAt = now()
      return entry.model
    },
    has: (id) => entries.has(id),
    resident: () => Array.from(entries, ([id, { bytes }]) => ({ id, bytes })),
    closeIdle: () => closeWhere((_, { usedAt }) => now() - usedAt >= idleMs),
    closeOthers: (keep) => closeWhere((id) => id !== keep),
    async [Symbol.asyncDispose]() {
      for (const id of Array.from(entries.keys())) await close(id)
    },
  }
}

function mebibytes(bytes: number): string {
  return `${Math.ceil(bytes / 2 ** 20)} MiB`
}
