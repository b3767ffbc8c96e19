// What a picture says of its origin, in one record from which its manifest (manifest.ts) and its XMP (xmp.ts) are both drawn.
// California SB 942's latent disclosure (provider, system, version, time, identifier), IPTC's digital source type, GB 45438-2025's
// implicit label, CAWG's word on training. Only of the system and the image: never of a prompt, a tenant, a user or a key.

const GENERATED = 'http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia'
/** Somebody's picture with parts, or all of it, made anew. */
const EDITED = 'http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia'
/** GB 45438-2025: it is generated, beyond doubt ('2' and '3' are for what is only likely). */
const SURELY_GENERATED = '1'

/** What an operator says of all pictures. */
export type DisclosureSettings = {
  /** Who answers for the system; null: it is called by the system's own name. */
  readonly providerName: string | null
  /** The producer's name or code as GB 45438-2025 has it; null: no such label is written. */
  readonly tc260Producer: string | null
  readonly trainingMining: 'unsaid' | TrainingMining
  /** Where anybody checks a picture; null: nowhere that is known. */
  readonly verifyUrl: string | null
}

export type TrainingMining = 'notAllowed' | 'allowed' | 'constrained'

export type DisclosureSubject = {
  imageId: string
  system: { name: string; version: string }
  model: { id: string; version: string }
  createdAt: Date
  /** What it was made from; null when it was made from a prompt alone. */
  parent: object | null
  /** Nothing beyond the system's name unless said. */
  disclosure?: DisclosureSettings
}

export type Disclosure = {
  provider: string
  system: { name: string; version: string }
  model: { id: string; version: string }
  /** ISO 8601 in UTC, whole seconds. */
  createdAt: string
  imageId: string
  /** IPTC NewsCodes URI. */
  digitalSourceType: string
  verifyUrl: string | null
  /** JSON of GB 45438-2025, appendix E; null where no producer is named. */
  aigcLabel: string | null
  trainingMining: TrainingMining | null
}

const NOTHING_MORE: DisclosureSettings = {
  providerName: null,
  tc260Producer: null,
  trainingMining: 'unsaid',
  verifyUrl: null,
}

export function disclosureOf(subject: DisclosureSubject): Disclosure {
  const { system, model, imageId } = subject
  const { providerName, tc260Producer, trainingMining, verifyUrl } = subject.disclosure ?? NOTHING_MORE
  return {
    provider: providerName ?? system.name,
    system: { name: system.name, version: system.version },
    model: { id: model.id, version: model.version },
    createdAt: `${subject.createdAt.toISOString().slice(0, 19)}Z`,
    imageId,
    digitalSourceType: subject.parent === null ? GENERATED : EDITED,
    verifyUrl,
    aigcLabel: tc260Producer === null ? null : aigcLabel(tc260Producer, imageId),
    trainingMining: trainingMining === 'unsaid' ? null : trainingMining,
  }
}

/** The address of the public check under the origin that clients see. */
export function verifyUrlAt(publicUrl: string | null): string | null {
  return publicUrl === null ? null : new URL('/verify', publicUrl).href
}

/** Whoever passes the picture on fills the propagator's fields; the reserved ones are for codes that nobody has given us. */
function aigcLabel(producer: string, imageId: string): string {
  return JSON.stringify({
    Label: SURELY_GENERATED,
    ContentProducer: producer,
    ProduceID: imageId,
    ReservedCode1: '',
    ContentPropagator: '',
    PropagateID: '',
    ReservedCode2: '',
  })
}
