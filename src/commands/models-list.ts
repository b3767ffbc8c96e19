// What `darkroom models list` tells of each pack, and of each that is refused. A model without classifiers has every picture held for a
// person, so that is said aloud.
import type { PackManifest } from '../../models/runtime/manifest.ts'
import type { Pack } from '../../models/runtime/pack.ts'
import { surveyPacks } from '../../models/runtime/survey.ts'
import type { Config } from '../kernel/config.ts'

export async function listModels({ packsDir, defaultModel }: Pick<Config, 'packsDir' | 'defaultModel'>): Promise<void> {
  const { packs, refused } = await surveyPacks(packsDir)
  const manifests = packs.map(({ manifest }) => manifest)
  for (const pack of packs) {
    process.stdout.write(`${lineOf(pack, defaultModel)}\n`)
    for (const note of notesOn(pack, manifests)) process.stdout.write(`  ${note}\n`)
  }
  for (const { id, error } of refused)
    process.stdout.write(`${id}  REFUSED, does not serve: ${error.message} [${error.code}]\n`)
}

function lineOf({ manifest, digest }: Pack, defaultModel: string): string {
  const bytes = manifest.files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  const name = `${manifest.id} ${manifest.version}${manifest.id === defaultModel ? ' (default)' : ''}`
  return [name, kindOf(manifest), asSize(bytes), `sha256 ${digest.slice(0, 12)}`, manifest.licence].join('  ')
}

/** A model says its family, an image classifier which of its kinds it is. */
function kindOf(manifest: PackManifest): string {
  if (manifest.kind === 'text-to-image') return `${manifest.kind}/${manifest.family}`
  return manifest.kind === 'image-classifier' ? `${manifest.kind}/${manifest.classifier}` : manifest.kind
}

function notesOn({ dir, manifest, adopted }: Pack, packs: readonly PackManifest[]): string[] {
  if (manifest.kind !== 'text-to-image') return []
  const { provenance, acceptance, prepared, classifiers } = manifest
  const notes: string[] = []
  if (provenance !== null) notes.push(`from ${provenance.hub}/${provenance.repo} at ${provenance.commit}`)
  if (acceptance !== null)
    notes.push(
      `${acceptance.licence} accepted by ${acceptance.by} at ${acceptance.at} (${acceptance.text}, sha256 ${acceptance.textSha256.slice(0, 12)})`,
    )
  if (prepared !== null)
    notes.push(
      `prepared from ${prepared.from} (sha256 ${prepared.digest.slice(0, 12)}): ${prepared.changes.join('; ')}`,
    )
  if (adopted)
    notes.push(`has no pack.json, so nothing holds its files to a digest: npm run darkroom -- models adopt ${dir}`)
  if (classifiers.length === 0)
    notes.push('NAMES NO CLASSIFIER: EVERY PICTURE OF THIS MODEL IS HELD FOR A PERSON (docs/classifiers.md)')
  const here = packs.filter(({ kind }) => kind === 'image-classifier').map(({ id }) => id)
  for (const id of classifiers.filter((one) => !here.includes(one)))
    notes.push(`NAMES THE CLASSIFIER ${id}, WHICH IS NOT HERE: EVERY PICTURE IS HELD FOR A PERSON`)
  return notes
}

/** In the largest unit of which there is one. */
export function asSize(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB']
  const power = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3))
  return `${power === 0 ? bytes : (bytes / 1000 ** power).toFixed(1)} ${units[power]}`
}
