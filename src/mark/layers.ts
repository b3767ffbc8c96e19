// An answer layer by layer, in words and bands: what each layer shows, how sure it is that the picture is from here, and what it does
// not show. Pure. The bands are coarse on purpose: a score would tell an attacker how far a removal has come.
import { areOfOtherBytes, type Grounds } from './findings.ts'
import { hasLapsed } from './manifest.ts'
import type { Provenance } from './verify.ts'

export type Band = 'high' | 'medium' | 'low' | 'none'
export type Layer = {
  layer: 'manifest' | 'watermark' | 'fingerprint' | 'record'
  /** How sure this layer alone is that the picture is from here. */
  confidence: Band
  shows: string
  does_not_show: string
}

export function layersOf(found: Provenance): Layer[] {
  return [manifestLayer(found), watermarkLayer(found), fingerprintLayer(found), recordLayer(found)]
}

const NO_MANIFEST = 'That no manifest is there shows nothing: most sites remove it.'
const A_MANIFEST =
  'A manifest says who signed, not that what the picture shows is true; it can be removed, and copied beside other pixels.'

function manifestLayer({ manifest }: Provenance): Layer {
  const [confidence, shows] = manifestShows(manifest)
  return { layer: 'manifest', confidence, shows, does_not_show: manifest.state === null ? NO_MANIFEST : A_MANIFEST }
}

function manifestShows(manifest: Provenance['manifest']): [Band, string] {
  switch (manifest.state) {
    case null:
      return ['none', 'No signed manifest is in the file.']
    case 'Trusted':
      return ['high', 'A manifest signed by this service, which fits the file: it is unchanged since.']
    case 'Valid':
      return ['none', 'A manifest that is intact, by a signer that this service does not know.']
    case 'Invalid':
      if (hasLapsed(manifest))
        return [
          'low',
          'A manifest that fits the file, by a certificate that is over; no authority vouches for its date.',
        ]
      return areOfOtherBytes(manifest.problems)
        ? ['low', 'A manifest signed by this service, for other bytes: the file was changed since, or it was copied.']
        : ['low', 'A manifest that does not fit the file: one of them was changed after signing, or it is forged.']
    default:
      return manifest.state satisfies never
  }
}

function watermarkLayer({ watermark, grounds }: Provenance): Layer {
  const { found, read, copy, trustmark } = watermark
  const changed = copy === null || copy === 'in place' ? '' : ` The picture was ${copy} since.`
  const shows = !found
    ? `Our invisible mark was not found in the pixels${grounds.cutShort ? ' in the time allowed' : ''}.`
    : read
      ? `Our invisible mark was read from the pixels.${changed}`
      : 'A trace like our invisible mark is in the pixels, too weak to be read.'
  const other = trustmark === null ? '' : ` Another mark was read, which anybody can write: TrustMark (${trustmark}).`
  // Without a key it says less than a trace of ours.
  const confidence = trustmark !== null && !found ? 'low' : watermark.confidence
  const does_not_show =
    found || trustmark !== null
      ? 'A mark can be copied onto another picture; alone it does not say that this picture is ours, and never that nothing was changed.'
      : 'That no mark was found does not show that there never was one: heavy editing removes it.'
  return { layer: 'watermark', confidence, shows: `${shows}${other}`, does_not_show }
}

function fingerprintLayer({ fingerprint, grounds }: Provenance): Layer {
  const [confidence, shows] = fingerprintShows(fingerprint, grounds)
  const does_not_show =
    grounds.samePixels === true
      ? 'Equal pixels say nothing of what the file around them claims.'
      : 'Pictures that look alike can come near, and small changes do not show: words or a patch over the picture, other colours.'
  return { layer: 'fingerprint', confidence, shows, does_not_show }
}

function fingerprintShows({ weak }: Provenance['fingerprint'], grounds: Grounds): [Band, string] {
  if (grounds.samePixels === true) return ['high', 'The pixels are those of the one on record, each of them.']
  switch (grounds.likeness) {
    case 'close':
      return ['high', 'The picture looks like the one on record.']
    case 'near':
      return ['medium', 'The picture resembles the one on record, with visible differences.']
    case 'far':
      return ['none', 'The picture does not look like the one on record.']
    case 'moved':
      return [
        'none',
        grounds.turned
          ? 'The picture could not be compared with the one on record: it is turned by some degrees.'
          : 'The picture could not be compared with the one on record: the mark lies elsewhere, as in a copy that is cut.',
      ]
    case 'unrecorded':
      return ['none', 'There is nothing left on record to compare it with.']
    case 'weak':
      return ['none', TOO_PLAIN]
    case null:
      if (grounds.alike)
        return ['low', 'The picture looks like one that was released here. Nothing else leads to that one.']
      return ['none', weak ? TOO_PLAIN : 'Nothing leads to a picture on record that it could be compared with.']
    default:
      return grounds.likeness satisfies never
  }
}

const TOO_PLAIN = 'The picture is too plain to be compared with another.'

function recordLayer({ record, grounds }: Provenance): Layer {
  const [confidence, shows]: [Band, string] =
    record === null
      ? withoutRecord(grounds)
      : [
          'high',
          `Made by ${record.system} ${record.version}, released on ${dayOf(record.created_at)}, as ${record.image_id}.`,
        ]
  const does_not_show = 'A record tells the system, the time and an id; never who asked for the picture, nor why.'
  return { layer: 'record', confidence, shows, does_not_show }
}

/** None is told: which one is named is nobody's to know before the picture is known to be that one. */
function withoutRecord({ named, likeness }: Grounds): [Band, string] {
  switch (named) {
    case null:
      return ['none', 'No record of ours belongs to this file.']
    case 'apart':
      return ['low', 'Manifest and mark name two different records here.']
    case 'mark':
    case 'manifest':
      return likeness === 'far'
        ? ['none', `The ${named} names a record here, of a picture that this one does not look like.`]
        : [
            'low',
            `The ${named} names a record here; whether this picture is that one could not be told by comparing them.`,
          ]
    default:
      return named satisfies never
  }
}

function dayOf(iso: string): string {
  return `${iso.slice(0, 10)} at ${iso.slice(11, 16)} UTC`
}
