// Reads the manifests of files that strangers hand in, in a child process of its own (file-reader.ts): a file that ends or hangs the
// library that parses them is told to be unreadable.
import { fileURLToPath } from 'node:url'
import type { Log } from '../src/kernel/log.ts'
import type { ManifestReading } from '../src/mark/manifest.ts'
import { type Signer, UNREADABLE } from '../src/mark/signer.ts'
import type { Trust } from '../src/mark/trust.ts'
import { openFileReader } from './file-reader.ts'

export type ManifestsOptions = Pick<Signer, 'trust'> & {
  log: Log
  /** For one file; the child that takes longer is ended. */
  deadlineMs?: number
  idleMs?: number
}

export type Manifests = {
  /** The child's process id; null while none runs. */
  readonly pid: number | null
  /** As `Signer.read`; what ends or hangs the reader reads as found, 'Invalid' and unreadable. Fault: busy, when none starts. */
  read: Signer['read']
} & AsyncDisposable

export type Ask = { trust: Trust; bytes: Buffer; mimeType: string }

const DEADLINE_MS = 10_000
const IDLE_MS = 300_000
const MEMORY_BYTES = 1_073_741_824
/**
 * Half of what the library's threads have elsewhere: what is nested too deep to be kept as an ingredient in a worker, where the
 * stack is whole, has ended the child before.
 */
const STACK_BYTES = 1_048_576
const CHILD = fileURLToPath(new URL('./manifest.ts', import.meta.url))

/** Starts nothing yet. */
export function openManifests({ trust, log, deadlineMs = DEADLINE_MS, idleMs = IDLE_MS }: ManifestsOptions): Manifests {
  const env = { RUST_MIN_STACK: String(STACK_BYTES) }
  const memoryBytes = MEMORY_BYTES
  const reader = openFileReader<Ask, ManifestReading>({ program: CHILD, log, deadlineMs, idleMs, memoryBytes, env })
  return {
    get pid() {
      return reader.pid
    },
    read: async (bytes, mimeType) => (await reader.ask({ trust, bytes, mimeType })) ?? UNREADABLE,
    [Symbol.asyncDispose]: () => reader[Symbol.asyncDispose](),
  }
}
