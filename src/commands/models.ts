// `darkroom models`: lists the packs and verifies every file of each against its digest.

import { listPacks, verifyPack } from '../../models/runtime/pack.ts'
import { readConfig } from '../kernel/config.ts'
import { Fault } from '../kernel/fault.ts'
import type { Command } from './command.ts'

export const command: Command = {
  usage:
    'usage: npm run darkroom -- models\n\nLists the packs in DARKROOM_PACKS_DIR and verifies every file against its digest.',
  run: async () => {
    const { packsDir } = readConfig(process.env)
    let broken = 0
    for (const { dir, manifest, digest } of await listPacks(packsDir)) {
      const fault = await verifyPack(dir).then(
        () => null,
        (error: unknown) => (error instanceof Error ? error.message : String(error)),
      )
      if (fault !== null) broken++
      process.stdout.write(
        `${manifest.id} ${manifest.version}  ${manifest.kind}  ${manifest.licence}  ${digest.slice(0, 12)}  ${fault ?? 'verified'}\n`,
      )
    }
    if (broken > 0) throw new Fault('pack_corrupt', { detail: `${broken} pack(s) do not match their manifest` })
  },
}
