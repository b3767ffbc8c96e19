// The inference child: one process a device, because a model call blocks its event loop and may take the process with it.
// It holds the sessions, obeys one command at a time, reads `cancel` between steps, and ends when its parent's channel closes.
// It knows no tenant, database or key; workers/device.ts is the only one that speaks to it.
import { setImmediate as nextTurn } from 'node:timers/promises'
import { openSd, type SdModel } from '../models/families/sd-pack.ts'
import { type Classifier, openClassifier } from '../models/runtime/classifier.ts'
import { asModelError, ModelError } from '../models/runtime/error.ts'
import { listPacks, type Pack, verifyPack } from '../models/runtime/pack.ts'
import { chooseProvider } from '../models/runtime/sessions.ts'
import { isRunning } from '../models/runtime/stepper.ts'
import type { Answer, Command, FailureReport } from './inference-protocol.ts'

type Loaded = { packs: Map<string, Pack>; models: Map<string, SdModel>; classifiers: Map<string, Classifier> }

let loaded: Loaded | null = null
let inFlight: number | null = null
let cancelled: number | null = null

process.on('disconnect', () => process.exit(0))
// A signal to the whole group is the parent's to obey: it drains, then lets go of this process.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => undefined)
process.on('message', (message: Command) => {
  if (message.type === 'cancel') {
    cancelled = message.command
    return
  }
  void obey(message)
})

async function obey(message: Exclude<Command, { type: 'cancel' }>): Promise<void> {
  const { command } = message
  try {
    if (inFlight !== null) throw new ModelError('model_error', `command ${inFlight} is in flight`)
    inFlight = command
    switch (message.type) {
      case 'load':
        return await load(message)
      case 'generate':
        return await generate(message)
      case 'classify':
        return await classify(message)
      default:
        return message satisfies never
    }
  } catch (error) {
    await say({ type: 'failed', command, failure: report(error) })
  } finally {
    if (inFlight === command) inFlight = null
  }
}

async function load({
  command,
  packsDir,
  provider,
  threads,
  deviceId,
  kinds,
}: Extract<Command, { type: 'load' }>): Promise<void> {
  if (loaded !== null) throw new ModelError('model_error', 'packs are loaded already')
  const chosen = await chooseProvider(provider)
  const options = { provider: chosen.provider, threads, deviceId }
  const fresh: Loaded = { packs: new Map(), models: new Map(), classifiers: new Map() }
  for (const { dir, manifest: found } of await listPacks(packsDir)) {
    if (kinds?.includes(found.kind) === false) continue
    const pack = await verifyPack(dir)
    const { manifest } = pack
    fresh.packs.set(manifest.id, pack)
    if (manifest.kind === 'text-to-image') fresh.models.set(manifest.id, await openSd(pack, manifest, options))
    else fresh.classifiers.set(manifest.id, await openClassifier(pack, manifest, options))
  }
  loaded = fresh
  const packs = Array.from(fresh.packs.values(), ({ manifest, digest }) => ({ manifest, digest }))
  await say({ type: 'loaded', command, provider: chosen, packs })
}

async function generate({ command, packId, samples }: Extract<Command, { type: 'generate' }>): Promise<void> {
  const model = loaded?.models.get(packId)
  if (model === undefined) throw new ModelError('pack_missing', `no text-to-image pack ${packId}`, { field: 'model' })
  const [begun, ran] = [performance.now(), model.runMs()]
  const states = await model.prepare(samples)
  const told = new Set<object>()
  while (told.size < states.length) {
    // A turn of the event loop: here a cancel that arrived during the step is read.
    await nextTurn()
    if (cancelled === command) return await say({ type: 'cancelled', command })
    const running = states.filter(isRunning)
    await model.step(running)
    for (const { id, index, total, failure } of running)
      if (failure === null) void say({ type: 'step', command, sampleId: id, index, total })
    for (const state of states.filter((one) => !isRunning(one) && !told.has(one))) {
      told.add(state)
      try {
        await say({ type: 'picture', command, picture: await model.finish(state) })
      } catch (error) {
        await say({ type: 'sample_failed', command, sampleId: state.id, failure: report(error) })
      }
    }
  }
  await say({ type: 'generated', command, runMs: model.runMs() - ran, totalMs: performance.now() - begun })
}

async function classify({ command, packId, picture }: Extract<Command, { type: 'classify' }>): Promise<void> {
  const classifier = loaded?.classifiers.get(packId)
  if (classifier === undefined)
    throw new ModelError('pack_missing', `no classifier pack ${packId}`, { field: 'classifier' })
  const [begun, ran] = [performance.now(), classifier.runMs()]
  const classification = await classifier.classify(picture)
  await say({
    type: 'classified',
    command,
    ...classification,
    runMs: classifier.runMs() - ran,
    totalMs: performance.now() - begun,
  })
}

/** Sends, and waits until the channel has taken it: a closed channel ends this process, it does not fail a command. */
function say(answer: Answer): Promise<void> {
  return new Promise((resolve) => {
    if (!process.send || !process.connected) process.exit(0)
    process.send(answer, () => resolve())
  })
}

function report(error: unknown): FailureReport {
  const { code, message, file, field, digest, expectedDigest } = asModelError(error, 'inference')
  return { code, message, file, field, digest, expectedDigest }
}
