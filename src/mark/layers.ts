// An answer layer by layer, in words and bands: what each layer shows, how sure it is that the picture is from here, and what it does
// not show. Pure. The bands are coarse on purpose: a score would tell an attacker how far a removal has come.
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
      return hasLapsed(manifest)
        ? ['low', 'A manifest that fits the file, by a certificate that is over; no authority vouches for its date.']
        : ['low', 'A manifest that does not fit the file: one of them was changed after signing, or it is forged.']
    default:
      return manifest.state satisfies never
  }
}

function watermarkLayer({ watermark }: Provenance): Layer {
  const { found, read, copy, trustmark } = watermark
  const changed = copy === null || copy === 'in place' ? '' : ` The picture was ${copy} since.`
  const shows = !found
    ? 'Our invisible mark was not found in the pixels.'
    : read
      ? `Our invisible mark was read from the pixels.${changed}`
      : 'A trace like our invisible mark is in the pixels, too weak to be read.'
  const other = trustmark === null ? '' : ` Another mark was read, which anybody can write: TrustMark (${trustmark}).`
  // Without a key it says less than a trace of ours.
  const confidence = trustmark !== null && !found ? 'low' : watermark.confidence
  const does_not_show =
    found || trustmark !== null
      ? 'A mark can be copied onto another picture; alone it does not say that this picture is ours.'
      : 'That no mark was found does not show that there never was one: heavy editing removes it.'
  return { layer: 'watermark', confidence, shows: `${shows}${other}`, does_not_show }
}

function fingerprintLayer({ fingerprint }: Provenance): Layer {
  const { match, weak } = fingerprint
  const nothing = weak
    ? 'The picture is too plain to be compared with another.'
    : 'There is nothing on record to compare it with.'
  const does_not_show =
    'A fingerprint compares what a mark or a manifest leads to; pictures that look alike can come near.'
  const says: Record<'close' | 'near' | 'far', [Band, string]> = {
    close: ['high', 'The picture looks like the one on record.'],
    near: ['medium', 'The picture resembles the one on record, with visible differences.'],
    far: ['none', 'The picture does not look like the one on record.'],
  }
  const [confidence, shows]: [Band, string] = match === null ? ['none', nothing] : says[match]
  return { layer: 'fingerprint', confidence, shows, does_not_show }
}

function recordLayer({ record }: Provenance): Layer {
  return {
    layer: 'record',
    confidence: record === null ? 'none' : 'high',
    shows:
      record === null
        ? 'No record of ours belongs to this file.'
        : `Made by ${record.system} ${record.version}, released on ${dayOf(record.created_at)}, as ${record.image_id}.`,
    does_not_show: 'A record tells the system, the time and an id; never who asked for the picture, nor why.',
  }
}

function dayOf(iso: string): string {
  return `${iso.slice(0, 10)} at ${iso.slice(11, 16)} UTC`
}
