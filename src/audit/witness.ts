// One witness of the log, asked to cosign one checkpoint as https://c2sp.org/tlog-witness has it: it is sent the proof that the tree
// continues the one that it saw last, says itself which that was where it was another, and answers its cosignature, which is verified
// before anybody relies on it. A witness that saw another tree of this log is told apart from one that is away or of no use.
import { Fault } from '../kernel/fault.ts'
import { parseDecimal } from './checkpoint.ts'
import { NoteError, openNote, parseVerifierKey, type VerifierKey } from './note.ts'
import { ask, type Limits, type NoAnswer } from './outbound.ts'

const MOST_BYTES = 16_384

/** `printed`: the verifier key as it is configured; `url`: the submission prefix. */
export type Witness = { readonly printed: string; readonly key: VerifierKey; readonly url: string }

/** `note` is `text` with the log's own signature. */
export type Submitted = { readonly note: string; readonly text: string; readonly size: number }

/** What the log knows of its own trees. */
export type OwnTrees = {
  /** Whether the log signed a tree of that size; that of no leaves is every log's. */
  readonly isSigned: (size: number) => Promise<boolean>
  /** The proof from the tree of `size` leaves to the submitted one, verified. Fault: log_inconsistent. */
  readonly prove: (size: number) => Promise<readonly Buffer[]>
}

export type WitnessProblem =
  | NoAnswer['problem']
  /** It does not know the log or its key, or takes nothing from us. */
  | 'refused'
  /** It saw a tree under the log's name and key that these records do not lead to. */
  | 'split_view'

/** `size`: the tree that the witness saw last. */
export type WitnessAnswer =
  | { readonly result: 'cosigned'; readonly size: number; readonly line: string }
  /** It saw a newer tree of ours already. */
  | { readonly result: 'overtaken'; readonly size: number }
  | { readonly result: WitnessProblem; readonly detail: string }

/** Fault: config_invalid, for a key whose id is another's. */
export function openWitness({ key, url }: { key: string; url: string }): Witness {
  try {
    return { printed: key, key: parseVerifierKey(key), url }
  } catch (cause) {
    if (!(cause instanceof NoteError)) throw cause
    throw new Fault('config_invalid', { field: 'DARKROOM_LOG_WITNESSES', detail: cause.message, cause })
  }
}

/**
 * At most two questions. `seen`: the size that the witness saw last, as far as is known. Faults: log_inconsistent and what reading
 * the log's own trees may throw; rejects too when the process stops.
 */
export async function askWitness(
  witness: Witness,
  submitted: Submitted,
  seen: number,
  own: OwnTrees,
  limits: Omit<Limits, 'mostBytes'>,
): Promise<WitnessAnswer> {
  const { size } = submitted
  if (seen > size) return { result: 'overtaken', size: seen }
  const first = await submit(witness, submitted, seen, await own.prove(seen), limits)
  if (first.result !== 'conflict') return first
  const { saw } = first
  // The size that it was sent, or none: what it refuses is the root.
  if (seen === size && (saw === null || saw === size)) return split(`it has another root of ${size} leaves`)
  if (saw === null || saw === seen) return wrong('it refuses the size that it saw last')
  if (!(await own.isSigned(saw))) return split(`it saw a tree of ${saw} leaves, which was not signed here`)
  if (saw > size) return { result: 'overtaken', size: saw }
  const second = await submit(witness, submitted, saw, await own.prove(saw), limits)
  if (second.result !== 'conflict') return second
  const then = second.saw
  if (saw === size && (then === null || then === size)) return split(`it has another root of ${size} leaves`)
  if (then !== null && then > size && (await own.isSigned(then))) return { result: 'overtaken', size: then }
  return wrong('it refuses the size that it says it saw last')
}

/** `saw`: null where the witness does not say. */
type Reply = WitnessAnswer | { readonly result: 'conflict'; readonly saw: number | null }

async function submit(
  { key, url }: Witness,
  { note, text, size }: Submitted,
  old: number,
  proof: readonly Buffer[],
  limits: Omit<Limits, 'mostBytes'>,
): Promise<Reply> {
  const lines = [`old ${old}`, ...proof.map((hash) => hash.toString('base64'))]
  const question = {
    url: `${url}/add-checkpoint`,
    headers: { 'content-type': 'text/plain; charset=utf-8' },
    body: `${lines.join('\n')}\n\n${note}`,
  }
  const answer = await ask(question, { ...limits, mostBytes: MOST_BYTES })
  if ('problem' in answer) return { result: answer.problem, detail: answer.detail }
  const { status, body } = answer
  switch (true) {
    case status === 200:
      return cosignatureOf(body, text, key, size)
    case status === 409:
      return { result: 'conflict', saw: /^\d+\n$/.test(body.toString()) ? parseDecimal(body.toString().trim()) : null }
    case status === 422 && old > 0:
      return split(`its tree of ${old} leaves is not the beginning of ours of ${size}`)
    case status >= 500:
      return { result: 'unreachable', detail: `it answers ${status}` }
    default:
      return { result: 'refused', detail: `it answers ${status}` }
  }
}

/** The first line that the witness's own key made; those of other keys are passed over. */
function cosignatureOf(body: Buffer, text: string, key: VerifierKey, size: number): WitnessAnswer {
  const lines = body.toString().split('\n')
  if (lines.pop() !== '') return wrong('its answer does not end in a newline')
  for (const line of lines) {
    try {
      openNote(Buffer.from(`${text}\n${line}\n`), [key])
      return { result: 'cosigned', size, line }
    } catch (error) {
      if (!(error instanceof NoteError)) throw error
      if (error.code !== 'unsigned') return wrong(error.message)
    }
  }
  return wrong('no signature in its answer is of its key')
}

function split(detail: string): WitnessAnswer {
  return { result: 'split_view', detail }
}

function wrong(detail: string): WitnessAnswer {
  return { result: 'wrong_answer', detail }
}
