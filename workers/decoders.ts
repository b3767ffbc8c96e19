// Decodes the pictures that strangers hand in, in child processes that hold no key (file-reader.ts): each file has its time and its
// memory, and one that ends, hangs or swells a decoder is refused like any other that cannot be read. Two of them, so that a file
// that hangs one until its time is over leaves the other.
import { fileURLToPath } from 'node:url'
import { Fault, type FaultCode } from '../src/kernel/fault.ts'
import type { Log } from '../src/kernel/log.ts'
import type { DecodeLimits } from '../src/mark/encode.ts'
import type { StrangersFile } from '../src/mark/strangers-file.ts'
import { type FileReader, openFileReader } from './file-reader.ts'

export type DecodersOptions = {
  log: Log
  limits: DecodeLimits
  deadlineMs?: number
  idleMs?: number
  memoryBytes?: number
}

export type Decoders = {
  /** The children's process ids. */
  readonly pids: readonly number[]
  /** Faults: unsupported_media, too_large, both with field 'file'; busy, when no decoder starts. */
  open(bytes: Uint8Array): Promise<StrangersFile>
} & AsyncDisposable

export type DecodeAsk = { bytes: Uint8Array; limits: DecodeLimits }
export type DecodeAnswer = { opened: StrangersFile } | { refused: { code: FaultCode; detail: string } }

const DEADLINE_MS = 25_000
const IDLE_MS = 300_000
/** What the process has before any file, and room for the file itself in parts. */
const BASE_BYTES = 402_653_184
/** A pixel at most: sixteen bits of four channels, as decoded, as turned, as reduced, as sent. */
const PIXEL_BYTES = 24
const CHILD = fileURLToPath(new URL('./decode.ts', import.meta.url))

/** Starts nothing yet. */
export function openDecoders({
  log,
  limits,
  deadlineMs = DEADLINE_MS,
  idleMs = IDLE_MS,
  ...more
}: DecodersOptions): Decoders {
  const { memoryBytes = BASE_BYTES + PIXEL_BYTES * limits.maxPixels } = more
  const open = () => openFileReader<DecodeAsk, DecodeAnswer>({ program: CHILD, log, deadlineMs, idleMs, memoryBytes })
  const readers: readonly FileReader<DecodeAsk, DecodeAnswer>[] = [open(), open()]
  return {
    get pids() {
      return readers.flatMap(({ pid }) => (pid === null ? [] : [pid]))
    },
    async open(bytes) {
      const reader = readers.reduce((least, one) => (one.waiting < least.waiting ? one : least))
      const answer = await reader.ask({ bytes, limits })
      if (answer === null)
        throw refusal('unsupported_media', 'The file could not be read within the time and memory that one file has.')
      if ('refused' in answer) throw refusal(answer.refused.code, answer.refused.detail)
      return answer.opened
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(readers.map((reader) => reader[Symbol.asyncDispose]()))
    },
  }
}

function refusal(code: FaultCode, detail: string): Fault {
  return new Fault(code, { field: 'file', detail })
}
