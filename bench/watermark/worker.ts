// One thread of the benchmark: draws a picture, marks it by every method that is asked for at the same fidelity, attacks the marked pixels
// and reads each copy. It has its own process of the peers and its own autoencoder, and posts each result as it is there.
import { parentPort, workerData } from 'node:worker_threads'
import sharp from 'sharp'
import { psnrDb } from '../../src/mark/watermark/embed.ts'
import { similarityOf } from '../../src/mark/watermark/similarity.ts'
import { type Drawn, seeded } from '../../test/mark/pictures.ts'
import { ATTACKS } from './attacks.ts'
import {
  type Cell,
  drawPicture,
  FALSE_POSITIVES,
  isPeer,
  PEERS,
  payloadOf,
  RELEASED,
  seedOf,
  TARGET_DB,
} from './methods.ts'
import { embedOurs, payloadBits, readOurs, releaseOurs } from './ours.ts'
import { openPeer, type PeerMethod } from './peer.ts'
import type { Copy, Result, Versions } from './results.ts'
import { leastAgreeing } from './statistics.ts'
import { type Autoencoder, openAutoencoder } from './storybook.ts'

/** For each method the attacks whose copies are still to be read. */
export type Job = Cell & { seed: number; wanted: Readonly<Record<string, readonly string[]>> }
export type Start = { python: string; versions: Versions }
export type Said = { result: Result } | { done: true } | { failed: string }

const { python, versions }: Start = workerData
// The benchmark's threads are the processors'.
sharp.concurrency(1)
let opened: Promise<Autoencoder> | undefined
const autoencoder = () => {
  opened ??= openAutoencoder()
  return opened
}
const peer = Object.keys(versions).some(isPeer) ? await openPeer(python) : null

type Made = {
  marked: Drawn
  strength: number
  read(copy: Drawn): Promise<Pick<Copy, 'found' | 'decoded' | 'wrong' | 'score' | 'cutShort'>>
}

async function work(job: Job): Promise<void> {
  const picture = await drawPicture(job, job.seed)
  const bits = payloadBits(picture)
  const payload = payloadOf(job, job.seed, bits)
  for (const [method, attacks] of Object.entries(job.wanted)) {
    const by = PEERS[method]
    const made =
      by === undefined ? await markByOurs(picture, payload, method) : await markByPeer(picture, payload, bits, by)
    const of = { set: job.set, side: job.side, seed: job.seed, method, version: versions[method] ?? '' }
    if (made === null) {
      const lost = { found: false, decoded: false, wrong: false, score: 0, cutShort: false, readMs: 0 }
      for (const attack of attacks) say({ result: { kind: 'copy', ...of, attack, ...lost } })
      continue
    }
    const { marked, strength } = made
    const fidelity = {
      psnrDb: psnrDb(picture, marked),
      ssim: similarityOf(picture, marked),
      ssimColour: ssimColour(picture, marked),
    }
    say({ result: { kind: 'marked', ...of, ...fidelity, strength, bits } })
    for (const attack of attacks) {
      const random = seeded(seedOf(job.set, job.side, job.seed, attack))
      const regenerate = async (one: Drawn) => (await autoencoder()).regenerate(one)
      const copy = await ATTACKS[attack]?.(marked, { random, regenerate })
      if (copy === undefined) throw new RangeError(`no attack is called ${attack}`)
      const began = performance.now()
      const reading = await made.read(copy)
      const readMs = Math.round(performance.now() - began)
      say({ result: { kind: 'copy', ...of, attack, ...reading, readMs } })
    }
  }
}

async function markByOurs(picture: Drawn, payload: number, method: string): Promise<Made | null> {
  const made = method === RELEASED ? await releaseOurs(picture, payload) : embedOurs(picture, payload, TARGET_DB)
  if (made === null) return null
  return {
    ...made,
    async read(copy) {
      const { found, z, payload: said, cutShort } = readOurs(copy)
      return { found, decoded: said === payload, wrong: said !== null && said !== payload, score: z, cutShort }
    },
  }
}

async function markByPeer(picture: Drawn, payload: number, bits: number, by: PeerMethod): Promise<Made> {
  if (peer === null) throw new Error('the peers are not there')
  const word = payload.toString(2).padStart(bits, '0')
  const { marked, scale } = await peer.embed(by, picture, word, TARGET_DB)
  const enough = leastAgreeing(bits, FALSE_POSITIVES) ?? Number.POSITIVE_INFINITY
  return {
    marked,
    strength: scale,
    async read(copy) {
      const said = await peer.decode(by, copy, { length: bits, scale, marked })
      const agreeing = [...word].filter((bit, i) => said[i] === bit).length
      return { found: agreeing >= enough, decoded: said === word, wrong: false, score: agreeing, cutShort: false }
    },
  }
}

function ssimColour(a: Drawn, b: Drawn): number {
  const grey = ({ width, height, rgb }: Drawn, c: number): Drawn => ({
    width,
    height,
    rgb: rgb.map((_, i) => rgb[i - (i % 3) + c] ?? 0),
  })
  return [0, 1, 2].reduce((sum, c) => sum + similarityOf(grey(a, c), grey(b, c)) / 3, 0)
}

function say(said: Said): void {
  parentPort?.postMessage(said)
}

parentPort?.on('message', async (job: Job | null) => {
  if (job === null) {
    await peer?.[Symbol.asyncDispose]()
    await (await opened)?.[Symbol.asyncDispose]()
    parentPort?.close()
    return
  }
  try {
    await work(job)
    say({ done: true })
  } catch (cause) {
    say({ failed: cause instanceof Error ? (cause.stack ?? cause.message) : String(cause) })
  }
})
