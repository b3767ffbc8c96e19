// What our manifests say (C2PA 2.4), drawn from the disclosure that the file's XMP says too, and what we take from anybody's manifest
// when we read one. They carry the system, the model, the time and the image's id: never a prompt, a tenant or a user.
import { type Disclosure, type DisclosureSubject, disclosureOf, type TrainingMining } from './disclosure.ts'
import { trustmarkValue } from './trustmark-binding.ts'
import { MARK_ALGORITHM, MARK_ALGORITHMS } from './watermark/algorithm.ts'

/** SemVer, as the claim has it (10.2.3.2). */
const SPEC_VERSION = '2.4.0'
const PARENT = 'parent'
const IMAGE_ASSERTION = 'org.darkroom.image'
const ACTIONS = 'c2pa.actions.v2'
const SOFT_BINDING = 'c2pa.soft-binding'
/** What was handed in is nobody else's to see. */
const REDACTED = 'org.darkroom.input.private'
const THUMBNAIL_ASSERTION = /^self#jumbf=\/c2pa\/[^/]+\/c2pa\.assertions\/c2pa\.thumbnail\.[^/]+$/

export type ManifestSubject = DisclosureSubject & {
  mimeType: string
  /** The payload and key epoch that the pixels carry. */
  markId: number
  epoch: number
  /** The algorithm of a second mark with the same number; none unless said. */
  trustmark?: string | null
  /** What it was made from; null when it was made from a prompt alone. */
  parent: Parent | null
  /** The image's id unless said. */
  title?: string
  /** Words that were drawn on the picture for everybody to see; none unless said. */
  label?: { readonly text: string } | null
  /** Signed by a development CA: the file says that nobody else vouches for it. */
  development: boolean
}

/** A picture that somebody handed in. Its manifest is kept with the result; its pixels never are, not even as a thumbnail. */
export type Parent = {
  /** The file as it came, when it carries a manifest. */
  file: { bytes: Buffer; mimeType: string } | null
  /** The image of ours that its watermark named. */
  imageId: string | null
}

export type ManifestDefinition = {
  claim_generator_info: { name: string; version?: string; specVersion?: string; [note: string]: string | undefined }[]
  title: string
  format: string
  assertions: { label: string; created: boolean; data: object }[]
  /** JUMBF URIs of what is taken out of the manifests of ingredients. */
  redactions?: readonly string[]
}

export function manifestFor(subject: ManifestSubject): ManifestDefinition {
  const told = disclosureOf(subject)
  const bindings = bindingsOf(subject)
  return {
    claim_generator_info: [
      {
        name: told.system.name,
        version: told.system.version,
        specVersion: SPEC_VERSION,
        ...(subject.development ? { 'org.darkroom.signer': 'development' } : {}),
      },
    ],
    title: subject.title ?? subject.imageId,
    format: subject.mimeType,
    assertions: [
      {
        label: ACTIONS,
        created: true,
        data: {
          allActionsIncluded: true,
          actions: [
            ...originOf(subject, told),
            ...labelOf(subject),
            ...bindings.map(() => ({ action: 'c2pa.watermarked.bound' })),
          ],
        },
      },
      ...bindings.map(({ alg, value }) => ({
        label: SOFT_BINDING,
        created: true,
        data: { alg, blocks: [{ scope: {}, value }] },
      })),
      {
        label: IMAGE_ASSERTION,
        created: true,
        data: {
          image_id: told.imageId,
          provider: told.provider,
          system: told.system.name,
          version: told.system.version,
          model: told.model.id,
          model_version: told.model.version,
          created_at: told.createdAt,
          ...(told.verifyUrl === null ? {} : { verify_at: told.verifyUrl }),
          ...(subject.parent?.imageId ? { made_from: subject.parent.imageId } : {}),
        },
      },
      ...(told.trainingMining === null ? [] : [trainingMining(told.trainingMining)]),
    ],
  }
}

/** One for each mark in the pixels, ours first. */
function bindingsOf({ markId, epoch, trustmark }: ManifestSubject): { alg: string; value: string }[] {
  const ours = { alg: MARK_ALGORITHM, value: bindingValue(markId, epoch) }
  return trustmark ? [ours, { alg: trustmark, value: trustmarkValue(markId) }] : [ours]
}

/** The first action, which says where the content comes from. */
function originOf({ parent }: ManifestSubject, { createdAt, model, digitalSourceType }: Disclosure): object[] {
  const made = { when: createdAt, softwareAgent: { name: model.id, version: model.version }, digitalSourceType }
  if (parent === null) return [{ action: 'c2pa.created', ...made }]
  return [
    { action: 'c2pa.opened', parameters: { ingredientIds: [PARENT] } },
    { action: 'c2pa.edited', ...made },
  ]
}

/** C2PA's action for text that was put in and can be seen. */
function labelOf({ label }: ManifestSubject): object[] {
  return label ? [{ action: 'c2pa.addedText', description: `A visible label: ${label.text}` }] : []
}

/** CAWG Training and Data Mining 1.1: its four uses, alike. */
function trainingMining(use: TrainingMining): ManifestDefinition['assertions'][number] {
  const uses = ['data_mining', 'ai_inference', 'ai_generative_training', 'ai_training']
  return {
    label: 'cawg.training-mining',
    created: true,
    data: { entries: Object.fromEntries(uses.map((name) => [`cawg.${name}`, { use }])) },
  }
}

/** The ingredient to which `c2pa.opened` refers. `instanceId` is unique to this use of it. */
export function ingredientFor(mimeType: string, instanceId: string) {
  return {
    title: 'input',
    format: mimeType,
    instance_id: `xmp:iid:${instanceId}`,
    relationship: 'parentOf',
    label: PARENT,
  }
}

/** JUMBF URIs of the thumbnails in a manifest store in JSON, of every manifest in it; null when one cannot be redacted by itself. */
export function thumbnailsIn(store: unknown): string[] | null {
  const manifests = Object.values(fields(fields(store).manifests)).map(fields)
  const shown = manifests.flatMap((one) => [one, ...list(one.ingredients).map(fields)])
  const uris = shown.filter((one) => 'thumbnail' in one).map((one) => String(fields(one.thumbnail).identifier))
  return uris.every((uri) => THUMBNAIL_ASSERTION.test(uri)) ? [...new Set(uris)] : null
}

/** The manifest that also takes these assertions out of its ingredients, and says so (C2PA 2.4, 6.8). */
export function redacting(manifest: ManifestDefinition, uris: readonly string[]): ManifestDefinition {
  const actions = uris.map((redacted) => ({ action: 'c2pa.redacted', reason: REDACTED, parameters: { redacted } }))
  const assertions = manifest.assertions.map((one) =>
    one.label === ACTIONS
      ? { ...one, data: { ...one.data, actions: [...list(fields(one.data).actions), ...actions] } }
      : one,
  )
  return uris.length === 0 ? manifest : { ...manifest, assertions, redactions: uris }
}

/** The soft binding's value: key epoch and payload. Without the key it lets nobody find or forge a mark. */
export function bindingValue(markId: number, epoch: number): string {
  return `${epoch}.${markId.toString(16)}`
}

export type ManifestState = 'Trusted' | 'Valid' | 'Invalid'

export type ManifestReading =
  /** `elsewhere`: the file names a manifest kept at some address, which is never fetched. */
  | { found: false; elsewhere: boolean }
  | {
      found: true
      state: ManifestState
      /** Label of the active manifest, unique to one signing. */
      manifestId: string | null
      signedBy: string | null
      generator: string | null
      /** Our own assertion, when there is one. It is only a claim unless `state` is 'Trusted'. */
      image: { imageId: string } | null
      binding: string | null
      /** Failure codes of the C2PA validation, such as assertion.dataHash.mismatch. */
      problems: string[]
      /** When the signature existed, by an authority on time; null when there is no intact timestamp. */
      timestamp: Timestamp | null
    }

/** RFC 3161. `trusted`: by an authority that this deployment names; otherwise it is only somebody's word. */
export type Timestamp = { time: string; signer: string | null; trusted: boolean }

/** The signer's certificate is over and nothing else is wrong: intact, and no longer to be told from what was signed since. */
const LAPSED = 'signingCredential.expired'

export function hasLapsed({ problems }: { problems: readonly string[] }): boolean {
  return problems.length === 1 && problems[0] === LAPSED
}

/** Takes what we need from a C2PA manifest store in JSON. Anything of an unexpected shape is left out, never trusted. */
export function parseManifestStore(store: unknown): ManifestReading {
  const top = fields(store)
  const label = text(top.active_manifest)
  const active = fields(label === null ? null : fields(top.manifests)[label])
  const state = text(top.validation_state)
  const codes = fields(fields(top.validation_results).activeManifest)
  const problems = [...list(codes.failure), ...list(top.validation_status)].map((entry) => text(fields(entry).code))
  const assertions = list(active.assertions).map(fields)
  const assertion = (name: string) => fields(assertions.find((entry) => text(entry.label) === name)?.data)
  const bindings = assertions.filter(({ label }) => text(label)?.startsWith(SOFT_BINDING))
  const imageId = text(assertion(IMAGE_ASSERTION).image_id)
  const binding = bindings.map(({ data }) => fields(data)).find(({ alg }) => MARK_ALGORITHMS.includes(text(alg) ?? ''))
  const signature = fields(active.signature_info)
  const generator = fields(list(active.claim_generator_info)[0])
  return {
    found: true,
    state: state === 'Trusted' || state === 'Valid' ? state : 'Invalid',
    manifestId: label,
    signedBy: text(signature.common_name) ?? text(signature.issuer),
    generator: text(generator.name),
    image: imageId === null ? null : { imageId },
    binding: text(fields(list(binding?.blocks)[0]).value),
    problems: [...new Set(problems.filter((code) => code !== null))],
    timestamp: timestampOf(text(signature.time), [...list(codes.success), ...list(codes.informational)]),
  }
}

/** Whether the active manifest's certificate leads to an anchor that was given, over or not. */
export function isAnchored(store: unknown): boolean {
  const { success } = fields(fields(fields(store).validation_results).activeManifest)
  return list(success).some((entry) => text(fields(entry).code) === 'signingCredential.trusted')
}

function timestampOf(time: string | null, told: unknown[]): Timestamp | null {
  const of = (code: string) => told.map(fields).find((entry) => text(entry.code) === code)
  if (time === null || Number.isNaN(Date.parse(time)) || of('timeStamp.validated') === undefined) return null
  const trusted = of('timeStamp.trusted')
  // The library names the authority at the end of a sentence.
  const signer = /: ([^:]+)$/.exec(text((trusted ?? of('timeStamp.untrusted'))?.explanation) ?? '')?.[1] ?? null
  return { time: new Date(time).toISOString(), signer, trusted: trusted !== undefined }
}

function fields(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : {}
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : []
}

function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value.slice(0, 500) : null
}
