// The peers, asked through a Python process of their own (../peers/invisible_watermark.py says how well they are treated): one question
// at a time, a line of JSON and raw pixels each way. Disposing of it ends the process.
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { Drawn } from '../../test/mark/pictures.ts'

export type PeerMethod = { method: 'dwtDct' | 'dwtDctSvd'; channel: 'U' | 'Y' }

export type Peer = AsyncDisposable & {
  readonly versions: string
  /** Marks at the strength that costs `db` decibels, or as near as it comes. `bits` are zeros and ones. */
  embed(by: PeerMethod, picture: Drawn, bits: string, db: number): Promise<{ marked: Drawn; scale: number }>
  /** Always as many bits as asked: it does not know whether a mark is there. */
  decode(by: PeerMethod, copy: Drawn, told: { length: number; scale: number; marked: Drawn }): Promise<string>
}

const SCRIPT = join(import.meta.dirname, '../peers/invisible_watermark.py')
const PACKAGES = 'invisible-watermark==0.2.0 opencv-python-headless==5.0.0.93 PyWavelets==1.9.0 numpy==2.4.6'

/** Where the benchmark keeps what it makes: the peers' environment, drawn pictures, results. Outside the repository. */
export const CACHE = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'darkroom-bench')
export const PYTHON = join(CACHE, 'invisible-watermark/bin/python')

/** How to make the environment that is missing. torch is left out: only the package's third method wants it. */
export const HOW_TO_INSTALL = `python3 -m venv ${join(CACHE, 'invisible-watermark')} && ${join(CACHE, 'invisible-watermark/bin/pip')} install --no-deps ${PACKAGES}`

/** What the peers' results depend on besides their versions. */
export const peerSource = () => readFileSync(SCRIPT, 'utf8')

type Answer = { bytes: number; versions?: string; scale?: number; bits?: string }
type Asked = { said: Answer; pixels: Buffer }

/** Null when `python` is not there or lacks the package; the reason goes to standard error. */
export async function openPeer(python: string): Promise<Peer | null> {
  const env = { ...process.env, OMP_NUM_THREADS: '1', OPENBLAS_NUM_THREADS: '1' }
  const child = spawn(python, [SCRIPT], { stdio: ['pipe', 'pipe', 'inherit'], env })
  let held = Buffer.alloc(0)
  let waiting: PromiseWithResolvers<Asked | null> | null = null
  let ended = false
  const settle = (asked: Asked | null) => {
    waiting?.resolve(asked)
    waiting = null
  }
  const end = () => {
    ended = true
    settle(null)
  }
  child.on('error', end)
  child.on('close', end)
  child.stdin.on('error', end)
  child.stdout.on('data', (part: Buffer) => {
    held = Buffer.concat([held, part])
    const line = held.indexOf('\n')
    if (line < 0) return
    const said: Answer = JSON.parse(held.toString('utf8', 0, line))
    if (held.length < line + 1 + said.bytes) return
    const pixels = held.subarray(line + 1, line + 1 + said.bytes)
    held = Buffer.alloc(0)
    settle({ said, pixels })
  })

  function ask(question: object, picture?: Drawn): Promise<Asked | null> {
    if (ended) return Promise.resolve(null)
    const size = picture === undefined ? {} : { width: picture.width, height: picture.height }
    waiting = Promise.withResolvers<Asked | null>()
    child.stdin.write(`${JSON.stringify({ ...question, ...size })}\n`)
    if (picture !== undefined) child.stdin.write(picture.rgb)
    return waiting.promise
  }

  const hello = await ask({ op: 'versions' })
  if (hello?.said.versions === undefined) return null
  return {
    versions: hello.said.versions,
    async embed(by, picture, bits, db) {
      const asked = await ask({ op: 'embed', ...by, bits, db }, picture)
      if (asked?.said.scale === undefined) throw new Error('the peers ended while they marked')
      return { marked: { ...picture, rgb: new Uint8Array(asked.pixels) }, scale: asked.said.scale }
    },
    async decode(by, copy, { length, scale, marked }) {
      const asked = await ask({ op: 'decode', ...by, length, scale, marked: [marked.width, marked.height] }, copy)
      if (asked?.said.bits === undefined) throw new Error('the peers ended while they read')
      return asked.said.bits
    },
    async [Symbol.asyncDispose]() {
      if (ended) return
      const { promise, resolve } = Promise.withResolvers<void>()
      child.once('close', () => resolve())
      child.stdin.end()
      await promise
    },
  }
}
