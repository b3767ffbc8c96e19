// `darkroom models`: lists the packs, each with its kind, and verifies every file of each against its digest. A model that names a
// classifier that is not there has every picture held, so that is said here.

import type { PackManifest } from '../../models/runtime/manifest.ts'
import { verifyPack } from '../../models/runtime/pack.ts'
import { listPacks } from '../../models/runtime/survey.ts'
import { readConfig } from '../kernel/config.ts'
import { Fault } from '../kernel/fault.ts'
import type { Command } from './command.ts'

export const command: Command = {
  usage:
    'usage: npm run darkroom -- models\n\nLists the packs in DARKROOM_PACKS_DIR with their kinds and verifies every file against its digest.',
  run: async () => {
    const { packsDir } = readConfig(process.env)
    let broken = 0
    const packs = await listPacks(packsDir)
    for (const { dir, manifest, digest } of packs) {
      const fault = await verifyPack(dir).then(
        () => null,
        (error: unknown) => (error instanceof Error ? error.message : String(error)),
      )
      if (fault !== null) broken++
      process.stdout.write(
        `${manifest.id} ${manifest.version}  ${kindOf(manifest)}  ${manifest.licence}  ${digest.slice(0, 12)}  ${fault ?? 'verified'}\n`,
      )
      for (const id of absentClassifiers(
        manifest,
        packs.map((pack) => pack.manifest),
      ))
        process.stdout.write(`  names the classifier ${id}, which is not here: every picture is held for a person\n`)
    }
    if (broken > 0) throw new Fault('pack_corrupt', { detail: `${broken} pack(s) do not match their manifest` })
  },
}

/** An image classifier says which of its kinds it is. */
function kindOf(manifest: PackManifest): string {
  return manifest.kind === 'image-classifier' ? `${manifest.kind}/${manifest.classifier}` : manifest.kind
}

function absentClassifiers(manifest: PackManifest, packs: readonly PackManifest[]): string[] {
  if (manifest.kind !== 'text-to-image') return []
  const here = packs.filter(({ kind }) => kind === 'image-classifier').map(({ id }) => id)
  return manifest.classifiers.filter((id) => !here.includes(id))
}
