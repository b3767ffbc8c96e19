// What every file says of its origin beside the system's own name. It goes into files that others keep: shown characters alone.
import type { Reader } from './reader.ts'

const TRAINING_MINING = ['unsaid', 'notAllowed', 'allowed', 'constrained'] as const
/** No control, no format character, no line break, nothing unassigned, and no space at either end. */
const SHOWN = /^(?! )[^\p{C}\p{Zl}\p{Zp}]{1,100}(?<! )$/u

export function readDisclosure(reader: Reader) {
  return {
    /** Null: the system's name. */
    providerName: readName(reader, 'DARKROOM_PROVIDER_NAME'),
    /** GB 45438-2025; null: no such label. */
    tc260Producer: readName(reader, 'DARKROOM_TC260_PRODUCER'),
    trainingMining: reader.choice('DARKROOM_TRAINING_MINING', 'unsaid', TRAINING_MINING),
  }
}

function readName({ optional, problems }: Reader, name: string): string | null {
  const value = optional(name)
  if (value !== null && !SHOWN.test(value)) problems.push(`${name}: expected 1 to 100 printable characters`)
  return value
}
