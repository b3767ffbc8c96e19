// A program that signs, for whatever speaks to an HSM (PKCS #11, a smart card, another cloud's KMS): the bytes to sign go to its
// standard input, the signature comes from its standard output. No shell reads its arguments, it inherits none of this process'
// secrets, and what it writes is told to nobody.
import { spawn } from 'node:child_process'
import { Fault } from '../../kernel/fault.ts'
import { isEcdsa, type KeyUse, rawFromDer, type SigningAlgorithm } from './signature.ts'

export type SigningCommand = {
  /** The program and its arguments. */
  command: readonly string[]
  /** How ECDSA's signature comes: as DER, or as r‖s. RSA and Ed25519 have one form. */
  format: 'der' | 'raw'
  timeoutMs: number
}

/** The longest signature is that of RSA with 8192 bits. */
const MOST_BYTES = 4096
/** All that the program gets of the environment; what else it needs, `env` can set in front of it. */
const INHERITED = ['PATH', 'HOME', 'LANG', 'TZ', 'TMPDIR'] as const

/** Faults of `sign`: signer_failed; `away`, since nobody can tell a program's failure from its device's. */
export function commandKey({ command, format, timeoutMs }: SigningCommand, algorithm: SigningAlgorithm): KeyUse {
  const [program = '', ...args] = command
  return {
    algorithm,
    sign: async (bytes) => {
      const answer = await run(program, args, bytes, timeoutMs)
      const raw = isEcdsa(algorithm) && format === 'der' ? rawFromDer(answer, algorithm) : answer
      if (raw !== null && raw.length > 0) return raw
      throw failed('not_a_signature', { sizeBytes: answer.length }, false)
    },
  }
}

function run(program: string, args: readonly string[], input: Buffer, timeoutMs: number): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>()
  const child = spawn(program, args, {
    shell: false,
    // A group of its own: what it started ends with it.
    detached: true,
    stdio: ['pipe', 'pipe', 'ignore'],
    env: Object.fromEntries(INHERITED.map((name) => [name, process.env[name]])),
  })
  const parts: Buffer[] = []
  let size = 0
  const end = (fault: Fault) => {
    reject(fault)
    if (child.pid === undefined) return
    try {
      process.kill(-child.pid, 'SIGKILL')
    } catch {
      // It has ended already.
    }
  }
  const timer = setTimeout(() => end(failed('timeout', { timeoutMs })), timeoutMs)
  child.once('error', (error: NodeJS.ErrnoException) => {
    clearTimeout(timer)
    end(failed('not_started', { error: error.code ?? null }, error.code === 'EAGAIN' || error.code === 'ENOMEM'))
  })
  child.stdout.on('data', (part: Buffer) => {
    size += part.length
    if (size > MOST_BYTES) return end(failed('too_long', {}, false))
    parts.push(part)
  })
  child.once('close', (code, signal) => {
    clearTimeout(timer)
    if (code === 0) resolve(Buffer.concat(parts))
    else reject(failed('exit', { exitCode: code, signal }))
  })
  // It may end without reading; its exit says the rest.
  child.stdin.on('error', () => undefined)
  child.stdin.end(input)
  return promise
}

function failed(problem: string, facts: Record<string, string | number | null>, away = true): Fault {
  return new Fault('signer_failed', {
    retry: 'later',
    field: 'DARKROOM_SIGNER_COMMAND',
    facts: { problem, ...facts, away },
    detail: `The signing command gave no signature: ${problem.replaceAll('_', ' ')}.`,
  })
}
