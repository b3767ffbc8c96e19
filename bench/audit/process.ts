// A process whose time and peak of memory are its own: a file that Node runs, from its start to its end. It dies with the bench.
import { spawn } from 'node:child_process'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { withDeathSignal } from '../../test/support/services.ts'

const PEAK = new URL('tell-peak.ts', import.meta.url)

export type Ended = { seconds: number; peakBytes: number; said: string }

/** `options` are Node's own. Throws when it ends with another exit status than 0. */
export async function runNode(file: URL, args: readonly string[], options: readonly string[] = []): Promise<Ended> {
  const began = performance.now()
  const node = [...options, '--import', PEAK.href, file.pathname]
  const [command, ...words] = withDeathSignal('KILL', process.execPath, ...node, ...args)
  const child = spawn(command, words, { stdio: ['ignore', 'pipe', 'inherit', 'pipe'] })
  const { promise: ended, resolve, reject } = Promise.withResolvers<number | null>()
  child.once('error', reject).once('close', resolve)
  const [, out, , told] = child.stdio
  if (!(out instanceof Readable && told instanceof Readable)) throw new TypeError('a child was started without pipes')
  const [said, peakText, status] = await Promise.all([text(out), text(told), ended])
  if (status !== 0) throw new Error(`${file.pathname} ended with ${status}:\n${said}`)
  const peakBytes = Number(peakText)
  if (!(peakBytes > 0)) throw new Error(`${file.pathname} did not tell its peak of memory`)
  return { seconds: (performance.now() - began) / 1000, peakBytes, said }
}
