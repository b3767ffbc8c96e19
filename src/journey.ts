// The journey: the table of contents. What a request, an image and an appeal can become, and nothing else; order lives here.
// Pure, imports nothing. `advance.ts` is the only writer of state and asks `mayMove` before each write.
//
//   request  received → refused* │ queued → generating → done        (its outcome is derived from its images)
//   image    planned → generated → cleared → marked → published      each arrow a stage: generate, moderate, mark, publish
//   appeal   open → reviewing → upheld │ overturned │ partial │ omitted │ withdrawn
//   * a complete statement of reasons is written in the same transaction, or the move does not happen

const moves = {
  request: {
    received: ['refused', 'queued'],
    refused: [],
    queued: ['generating', 'failed', 'cancelled', 'expired'],
    // Back to queued when its worker died or was preempted: a retry makes only the images that are missing.
    generating: ['done', 'queued', 'failed', 'cancelled', 'expired'],
    done: [],
    failed: [],
    cancelled: [],
    expired: [],
  },
  image: {
    planned: ['generated', 'failed', 'cancelled'],
    generated: ['cleared', 'held', 'denied', 'failed', 'cancelled'],
    cleared: ['marked', 'failed', 'cancelled'],
    held: ['cleared', 'denied'],
    denied: ['cleared'],
    marked: ['published', 'failed', 'cancelled'],
    published: ['withdrawn', 'expired'],
    withdrawn: ['marked'],
    expired: [],
    failed: [],
    cancelled: [],
  },
  appeal: {
    open: ['reviewing', 'omitted', 'withdrawn'],
    reviewing: ['open', 'upheld', 'overturned', 'partial', 'omitted', 'withdrawn'],
    upheld: [],
    overturned: [],
    partial: [],
    omitted: [],
    withdrawn: [],
  },
} as const

export type Subject = keyof typeof moves
export type StateOf<S extends Subject> = keyof (typeof moves)[S] & string
export type RequestState = StateOf<'request'>
export type ImageState = StateOf<'image'>

/** Stages that do an image's or a request's work, in order. Each is a task of that name. */
export const STAGES = ['generate', 'moderate', 'mark', 'publish'] as const
export type Stage = (typeof STAGES)[number]

/** Why something failed, in words that clients may rely on. */
export const FAILURES = [
  'nan',
  'out_of_memory',
  'timeout',
  'model_error',
  'pack_corrupt',
  'storage_error',
  'mark_failed',
  'mark_unverified',
  'statement_incomplete',
  'poison',
] as const
export type Failure = (typeof FAILURES)[number]

export const BIRTH = { request: 'received', image: 'planned', appeal: 'open' } as const satisfies {
  [S in Subject]: StateOf<S>
}

export function statesOf<S extends Subject>(subject: S): StateOf<S>[] {
  return Object.keys(moves[subject]) as StateOf<S>[]
}

export function movesFrom<S extends Subject>(subject: S, from: StateOf<S>): readonly StateOf<S>[] {
  const table: Record<string, readonly string[]> = moves[subject]
  return (table[from] ?? []) as readonly StateOf<S>[]
}

export function mayMove(subject: Subject, from: string, to: string): boolean {
  const table: Record<string, readonly string[]> = moves[subject]
  return table[from]?.includes(to) ?? false
}

/** Moves that restrict somebody: each needs its statement of reasons. Their way back needs an appeal instead. */
export function needsStatement(subject: Subject, to: string): boolean {
  return (subject === 'request' && to === 'refused') || (subject === 'image' && (to === 'denied' || to === 'withdrawn'))
}

export function needsAppeal(subject: Subject, from: string, to: string): boolean {
  return subject === 'image' && ((from === 'denied' && to === 'cleared') || (from === 'withdrawn' && to === 'marked'))
}

/** An image that its request no longer waits for. A held one waits for a person, not for a machine. */
const SETTLED: readonly ImageState[] = ['published', 'held', 'denied', 'failed', 'cancelled', 'withdrawn', 'expired']
export function isSettled(state: ImageState): boolean {
  return SETTLED.includes(state)
}

export function isTerminal<S extends Subject>(subject: S, state: StateOf<S>): boolean {
  return movesFrom(subject, state).length === 0
}

/** Images that a cancelled or failed request takes with it. */
export const UNFINISHED: readonly ImageState[] = ['planned', 'generated', 'cleared', 'marked']

export type Outcome = 'published' | 'partly_published' | 'held' | 'denied' | 'failed' | 'cancelled'

/** What became of a request whose images have all settled. */
export function outcomeOf(images: readonly ImageState[]): Outcome {
  const count = (state: ImageState) => images.filter((one) => one === state).length
  const released = count('published') + count('withdrawn') + count('expired')
  if (released === images.length) return 'published'
  if (released > 0) return 'partly_published'
  if (count('held') > 0) return 'held'
  if (count('denied') > 0) return 'denied'
  return count('failed') > 0 ? 'failed' : 'cancelled'
}
