// The inference child: one process a device, because a model call blocks its event loop and may take the process with it.
// It holds the sessions, obeys one command at a time, reads `cancel` between steps, and ends when its parent's channel closes.
// It knows no tenant, database or key; workers/device.ts is the only one that speaks to it.
import { setImmediate as nextTurn } from 'node:timers/promises'
import { type Classifier, type ImageClassification, openClassifier } from '../models/classifiers/classifier.ts'
import { openTextClassifier, type TextClassifierSession } from '../models/classifiers/text.ts'
import type { LatentSample } from '../models/families/denoise.ts'
import { openModel } from '../models/families/family.ts'
import type { Model } from '../models/families/opening.ts'
import { asModelError, ModelError } from '../models/runtime/error.ts'
import { type Pack, verifyPack } from '../models/runtime/pack.ts'
import { previewOf, previewSize } from '../models/runtime/pixels.ts'
import { chooseProvider, RUNTIME, type SessionOptions } from '../models/runtime/sessions.ts'
import { isRunning, type Rgb, type SampleRequest } from '../models/runtime/stepper.ts'
import { surveyPacks } from '../models/runtime/survey.ts'
import type { Answer, Command, FailureReport, PreviewScore, Refused } from './inference-protocol.ts'

type Loaded = {
  packs: Map<string, Pack>
  models: Map<string, Model>
  classifiers: Map<string, Classifier>
  texts: Map<string, TextClassifierSession>
}

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
      case 'classify_text':
        return await classifyText(message)
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
  const fresh: Loaded = { packs: new Map(), models: new Map(), classifiers: new Map(), texts: new Map() }
  const survey = await surveyPacks(packsDir, kinds)
  const refused = survey.refused.map(({ dir, id, error }): Refused => ({ dir, id, failure: report(error) }))
  for (const found of survey.packs) {
    const { dir, manifest } = found
    try {
      await openPack(fresh, found.adopted ? found : await verifyPack(dir), options)
    } catch (error) {
      // What is wrong with a pack is that pack's; memory and a provider are everybody's.
      if (!(error instanceof ModelError) || !error.code.startsWith('pack_')) throw error
      refused.push({ dir, id: manifest.id, failure: report(error) })
    }
  }
  loaded = fresh
  const packs = Array.from(fresh.packs.values(), ({ manifest, digest, adopted = false }) => {
    return { manifest, digest, adopted, dtype: fresh.models.get(manifest.id)?.dtype ?? null }
  })
  await say({ type: 'loaded', command, provider: chosen, runtime: RUNTIME, packs, refused })
}

async function openPack(fresh: Loaded, pack: Pack, options: SessionOptions): Promise<void> {
  const { manifest } = pack
  switch (manifest.kind) {
    case 'text-to-image':
      fresh.models.set(manifest.id, await openModel(pack, manifest, options))
      break
    case 'image-classifier':
      fresh.classifiers.set(manifest.id, await openClassifier(pack, manifest, options))
      break
    case 'text-classifier':
      fresh.texts.set(manifest.id, await openTextClassifier(pack, manifest, options))
      break
    default:
      manifest satisfies never
  }
  fresh.packs.set(manifest.id, pack)
}

async function generate(order: Extract<Command, { type: 'generate' }>): Promise<void> {
  const { command, packId, previewSide } = order
  const model = loaded?.models.get(packId)
  if (model === undefined) throw new ModelError('pack_missing', `no text-to-image pack ${packId}`, { field: 'model' })
  const [begun, ran] = [performance.now(), model.runMs()]
  const states = await model.prepare(order.samples.map((sample) => previewable(sample, previewSide)))
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
    await preview(command, packId, model, states, previewSide)
  }
  await say({ type: 'generated', command, runMs: model.runMs() - ran, totalMs: performance.now() - begun })
}

/** A picture too small to release as a preview is not previewed at all. */
function previewable(sample: SampleRequest, leastSide: number): SampleRequest {
  return previewSize(sample, leastSide) === null ? { ...sample, previews: 0 } : sample
}

/**
 * At most one preview a step, the earliest that is due, so that nobody waits for more than one decoding. It is scored at the
 * model's own size, for which the classifiers are calibrated, and then made smaller. Its trouble is its own.
 */
async function preview(
  command: number,
  packId: string,
  model: Model,
  states: readonly LatentSample[],
  leastSide: number,
): Promise<void> {
  const [next] = states
    .filter((one) => isRunning(one) && one.previews.length > 0)
    .sort((a, b) => (a.previews[0]?.index ?? 0) - (b.previews[0]?.index ?? 0))
  if (next === undefined) return
  try {
    const shown = await model.preview(next)
    if (shown === null) return
    const { index, picture } = shown
    const scores = await scoresOf(packId, picture)
    const small = previewOf(picture, leastSide)
    await say({ type: 'preview', command, sampleId: next.id, index, picture: small, scores })
  } catch (error) {
    await say({ type: 'preview_failed', command, sampleId: next.id, failure: report(error) })
  }
}

async function scoresOf(packId: string, picture: Rgb): Promise<PreviewScore[] | null> {
  const manifest = loaded?.packs.get(packId)?.manifest
  const classifiers = manifest?.kind === 'text-to-image' ? manifest.classifiers : []
  if (classifiers.length === 0) return null
  const scores: PreviewScore[] = []
  for (const id of classifiers) {
    const [pack, classifier] = [loaded?.packs.get(id), loaded?.classifiers.get(id)]
    if (pack === undefined || classifier === undefined)
      throw new ModelError('pack_missing', `no classifier pack ${id}`, { field: 'classifier' })
    const { categories } = await classifier.classify(picture)
    scores.push({ id, version: pack.manifest.version, digest: pack.digest, categories })
  }
  return scores
}

function classify({ command, packId, picture }: Extract<Command, { type: 'classify' }>): Promise<void> {
  return classified(command, loaded?.classifiers.get(packId), packId, (classifier) => classifier.classify(picture))
}

function classifyText({ command, packId, text }: Extract<Command, { type: 'classify_text' }>): Promise<void> {
  return classified(command, loaded?.texts.get(packId), packId, (classifier) => classifier.classify(text))
}

async function classified<T extends { runMs(): number }>(
  command: number,
  classifier: T | undefined,
  packId: string,
  ask: (classifier: T) => Promise<ImageClassification>,
): Promise<void> {
  if (classifier === undefined)
    throw new ModelError('pack_missing', `no classifier pack ${packId}`, { field: 'classifier' })
  const [begun, ran] = [performance.now(), classifier.runMs()]
  const classification = await ask(classifier)
  const runMs = classifier.runMs() - ran
  await say({ type: 'classified', command, classification, runMs, totalMs: performance.now() - begun })
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
