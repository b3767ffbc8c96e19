// Everything that a stranger's picture goes through in the service, with keys of its own and a registry that a test fills: children that
// decode and read manifests, a thread that looks for the mark.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import type { DecodeLimits } from '../../src/mark/encode.ts'
import { openMarkKeys } from '../../src/mark/mark-keys.ts'
import { openSigner } from '../../src/mark/signer.ts'
import { verifyStranger } from '../../src/mark/stranger.ts'
import { openWatermarker } from '../../src/mark/watermark/pool.ts'
import { type Decoders, type DecodersOptions, openDecoders } from '../../workers/decoders.ts'
import { openManifests } from '../../workers/manifests.ts'
import { openRegistry } from './registry.ts'

export const LIMITS: DecodeLimits = { maxPixels: 4_000_000, maxBytes: 8_000_000 }

export type Strangers = Awaited<ReturnType<typeof openStrangers>>
type Options = Partial<Omit<DecodersOptions, 'log'>> & { searchMs?: number }

export async function openStrangers({ searchMs = 1200, limits = LIMITS, ...more }: Options = {}) {
  await using stack = new AsyncDisposableStack()
  const log = pino({ level: 'silent' })
  const home = await mkdtemp(join(tmpdir(), 'darkroom-strangers-'))
  stack.defer(() => rm(home, { recursive: true, force: true }))
  const signer = await openSigner({ home })
  const watermark = stack.use(openWatermarker({ keys: await openMarkKeys({ home }), threads: 1 }))
  const manifests = stack.use(openManifests({ trust: signer.trust, log }))
  const decoders: Decoders = stack.use(openDecoders({ log, limits, ...more }))
  const { registry, publish } = openRegistry()
  const owned = stack.move()
  return {
    home,
    signer,
    watermark,
    manifests,
    decoders,
    verify: (bytes: Buffer) =>
      verifyStranger(bytes, { signer: manifests, watermark, registry, searchMs, open: decoders.open }),
    publish,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}
