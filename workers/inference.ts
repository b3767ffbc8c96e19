// The inference child: one process a device, because a model call blocks its event loop and may take the process with it.
// It holds the sessions, obeys one command at a time, reads `cancel` between steps, and ends when its parent's channel closes.
// It knows no tenant, database or key; workers/device.ts is the only one that speaks to it.
import { type Classifier, type ImageClassification, openClassifier } from '../models/classifiers/classifier.ts'
import { openTextClassifier, type TextClassifierSession } from '../models/classifiers/text.ts'
import type { LatentSample } from '../models/families/denoise.ts'
import type { Model } from '../models/families/opening.ts'
import { asModelError, ModelError } from '../models/runtime/error.ts'
import { type Pack, verifyPack } from '../models/runtime/pack.ts'
import { previewOf, previewSize } from '../models/runtime/pixels.ts'
import { chooseProvider, RUNTIME, type SessionOptions } from '../models/runtime/sessions.ts'
import { isRunning, type Rgb, type SampleRequest } from '../models/runtime/stepper.ts'
import { surveyPacks } from '../models/runtime/survey.ts'
import { drawAll, keepModels, type Models } from './inference-models.ts'
import type { Answer, Command, FailureReport, PreviewScore, Refused } from './inference-protocol.ts'

type Loaded = {
  packs: Map<string, Pack>
  models: Models
  /** What each model's denoiser computes with. */
  dtypes: Map<string, string>
  classifiers: Map<string, Classifier>
  texts: Map<string, TextClassifierSession>
}

const MOST_OFTEN_MS = 20

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
  memory = {},
  slotRows,
}: Extract<Command, { type: 'load' }>): Promise<void> {
  if (loaded !== null) throw new ModelError('model_error', 'packs are loaded already')
  const chosen = await chooseProvider(provider)
  const options = { provider: chosen.provider, threads, deviceId, slotRows: slotRows ?? null }
  const opened = new Map<string, Pack>()
  const models = keepModels(opened, options, memory)
  const fresh: Loaded = { packs: opened, models, dtypes: new Map(), classifiers: new Map(), texts: new Map() }
  const survey = await surveyPacks(packsDir, kinds)
  const here = new Set([...survey.packs.map(({ manifest }) => manifest.id), ...survey.refused.map(({ id }) => id)])
  const absent = memory.pinned?.find((id) => !here.has(id))
  if (absent !== undefined)
    throw new ModelError('pack_missing', `there is no pack '${absent}' to keep open`, {
      field: 'DARKROOM_MODEL_PINNED',
    })
  const refused = survey.refused.map(({ dir, id, error }): Refused => ({ dir, id, failure: report(error) }))
  // Pinned models come last, so that those beside them do not make room for nothing.
  const isPinned = ({ manifest: { id } }: Pack) => Number(memory.pinned?.includes(id) ?? false)
  for (const found of survey.packs.toSorted((a, b) => isPinned(a) - isPinned(b))) {
    const { dir, manifest } = found
    try {
      await openPack(fresh, found.adopted ? found : await verifyPack(dir), options)
    } catch (error) {
      // What is wrong with a pack is that pack's, and so is a size beyond the budget; a provider is everybody's.
      const own = error instanceof ModelError && (error.code.startsWith('pack_') || error.field === 'model')
      if (!own) throw error
      opened.delete(manifest.id)
      refused.push({ dir, id: manifest.id, failure: report(error) })
    }
  }
  loaded = fresh
  const packs = Array.from(fresh.packs.values(), ({ manifest, digest, adopted = false }) => {
    return { manifest, digest, adopted, dtype: fresh.dtypes.get(manifest.id) ?? null }
  })
  if (memory.idleMs !== undefined) closeIdleEvery(models, memory.idleMs)
  await say({
    type: 'loaded',
    command,
    provider: chosen,
    runtime: RUNTIME,
    packs,
    refused,
    resident: models.resident(),
  })
}

/** While nothing is in flight: a model in use is not idle. */
function closeIdleEvery(models: Models, idleMs: number): void {
  const look = () => {
    if (inFlight === null) void models.closeIdle()
  }
  setInterval(look, Math.max(MOST_OFTEN_MS, idleMs / 2)).unref()
}

async function openPack(fresh: Loaded, pack: Pack, options: SessionOptions): Promise<void> {
  const { manifest } = pack
  fresh.packs.set(manifest.id, pack)
  switch (manifest.kind) {
    case 'text-to-image':
      // Every model is opened once, so that one that cannot serve is known before anybody asks for it.
      fresh.dtypes.set(manifest.id, (await fresh.models.get(manifest.id)).dtype)
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
}

async function generate(order: Extract<Command, { type: 'generate' }>): Promise<void> {
  const { command, packId, previewSide } = order
  if (loaded === null) throw new ModelError('pack_missing', `no text-to-image pack ${packId}`, { field: 'model' })
  const { models } = loaded
  const begun = performance.now()
  const ran = (await models.get(packId)).runMs()
  const requests = order.samples.map((sample) => previewable(sample, previewSide))
  const done = await drawAll(models, packId, requests, {
    onStep: ({ id, index, total }) => void say({ type: 'step', command, sampleId: id, index, total }),
    onPicture: (picture) => say({ type: 'picture', command, picture }),
    onFailure: (sampleId, error) => say({ type: 'sample_failed', command, sampleId, failure: report(error) }),
    preview: (model, samples) => preview(command, packId, model, samples, previewSide),
    isCancelled: () => cancelled === command,
  })
  if (!done) return await say({ type: 'cancelled', command })
  const runMs = (await models.get(packId)).runMs() - ran
  await say({ type: 'generated', command, runMs, totalMs: performance.now() - begun, resident: models.resident() })
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
