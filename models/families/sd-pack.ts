// Opens a Stable Diffusion pack: its four parts, its configuration, and what its exporter called things.
// What the pack asks for and sd.ts does not do is refused here, by file and field. What it can do: sd-operations.ts.
import { openClipTokenizer } from '../prompts/clip-tokenizer.ts'
import type { TextToImageManifest } from '../runtime/manifest.ts'
import type { Pack } from '../runtime/pack.ts'
import type { SessionOptions } from '../runtime/sessions.ts'
import { guidanceWidthOf } from './guidance-embedding.ts'
import { type Model, openAutoencoder, openGraphs, openScheduling, readLatentSpace, timestepKind } from './opening.ts'
import { createSd } from './sd.ts'
import { onlyOutputOf } from './text-encoders.ts'

/** Opens sessions and reads configuration. ModelError: pack_missing, pack_corrupt, pack_unsupported, out_of_memory. */
export function openSd(pack: Pack, manifest: TextToImageManifest, options: SessionOptions): Promise<Model> {
  return openGraphs(pack, manifest, options, async (opened) => {
    const { open, serve } = opened
    const tokenizer = await openClipTokenizer(pack, 'tokenizer', manifest.promptTokens)
    const textEncoder = await open('text_encoder')
    const unet = await open('unet')
    const autoencoder = await openAutoencoder(opened)
    const latents = await readLatentSpace(pack, manifest, unet, 'sample', autoencoder)
    const stepper = createSd({
      ...latents,
      tokenizer,
      textEncoder: { module: textEncoder, hidden: onlyOutputOf(textEncoder, 'text_encoder', 'last_hidden_state') },
      unet,
      timestep: timestepKind(unet),
      scheduler: manifest.scheduler,
      planFor: await openScheduling(pack, manifest),
      guidanceWidth: await guidanceWidthOf(pack, unet),
    })
    return serve(stepper, unet, 'sample')
  })
}
