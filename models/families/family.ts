// Which family serves a text-to-image pack. One file a family beside this one: sd.ts, ...
import type { TextToImageManifest } from '../runtime/manifest.ts'
import type { Pack } from '../runtime/pack.ts'
import type { SessionOptions } from '../runtime/sessions.ts'
import { openFlux } from './flux-pack.ts'
import type { Model } from './opening.ts'
import { openSd } from './sd-pack.ts'
import { openSd3 } from './sd3-pack.ts'
import { openSdxl } from './sdxl-pack.ts'

/** Opens a pack. ModelError: pack_missing, pack_corrupt, pack_unsupported, out_of_memory. */
export function openModel(pack: Pack, manifest: TextToImageManifest, options: SessionOptions): Promise<Model> {
  switch (manifest.family) {
    case 'sd':
      return openSd(pack, manifest, options)
    case 'sdxl':
    case 'sdxl-refiner':
      return openSdxl(pack, manifest, options)
    case 'sd3':
      return openSd3(pack, manifest, options)
    case 'flux':
      return openFlux(pack, manifest, options)
    default:
      return manifest.family satisfies never
  }
}
