// The only file that speaks to the TrustMark of @contentauth/c2pa-node: an operator's ONNX files in, numbers into pixels and out of them.
// Loading blocks, a call takes as long and as much as it takes, and a call that panics leaves the codec locked for good; so it runs in a
// child (workers/trustmark.ts). The library fetches what its folder lacks: it is never asked before both files are seen to be there.
import { constants } from 'node:fs'
import { access, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { Trustmark } from '@contentauth/c2pa-node'
import { Fault } from '../kernel/fault.ts'
import { markIdOf, payloadOf, type TrustmarkVariant } from './trustmark-binding.ts'
import type { Picture } from './watermark/residual.ts'

export type TrustmarkFiles = { folder: string; variant: TrustmarkVariant }

export type TrustmarkCodec = {
  /** Throws whatever the library does. */
  embed(picture: Picture, markId: number): Promise<Picture>
  /** Null: no payload of ours. Throws whatever the library does. */
  read(picture: Picture): Promise<number | null>
}

const FOLDER = 'DARKROOM_TRUSTMARK_DIR'
/** What its makers call normal. */
const STRENGTH = 0.95
const NOT_THERE = 'watermark is corrupt or missing'

/** Faults: config_invalid, naming the variable, when a file is missing, cannot be read or is no model. */
export async function openTrustmark({ folder, variant }: TrustmarkFiles): Promise<TrustmarkCodec> {
  await checkTrustmarkFiles({ folder, variant })
  const codec = await Trustmark.newTrustmark({ variant, version: 'BCH_SUPER', modelPath: folder }).catch(
    (cause: unknown) => {
      throw refuse(`${folder} holds files that are no TrustMark models: ${wordsOf(cause)}`, cause)
    },
  )
  return {
    async embed(picture, markId) {
      const rgb = await codec.encode(portable(picture), STRENGTH, payloadOf(markId))
      if (rgb.length !== picture.rgb.length) throw new Error('the library gave a picture of another size')
      return { ...picture, rgb: new Uint8Array(rgb) }
    },
    async read(picture) {
      try {
        return markIdOf(await codec.decode(portable(picture)))
      } catch (cause) {
        if (wordsOf(cause) === NOT_THERE) return null
        throw cause
      }
    },
  }
}

/** Faults: config_invalid, naming the variable and the file. */
export async function checkTrustmarkFiles({ folder, variant }: TrustmarkFiles): Promise<void> {
  for (const name of [`encoder_${variant}.onnx`, `decoder_${variant}.onnx`]) {
    const path = join(folder, name)
    try {
      await access(path, constants.R_OK)
      if ((await stat(path)).isFile()) continue
    } catch (cause) {
      throw refuse(`${path} is missing or cannot be read; nothing is fetched`, cause)
    }
    throw refuse(`${path} is not a file`)
  }
}

/** Netpbm: the library takes files, and this one costs a header. */
function portable({ width, height, rgb }: Picture): Buffer {
  return Buffer.concat([Buffer.from(`P6\n${width} ${height}\n255\n`), rgb])
}

function wordsOf(cause: unknown): string {
  return cause instanceof Error ? cause.message.trim() : 'unknown'
}

function refuse(problem: string, cause?: unknown): Fault {
  return new Fault('config_invalid', { field: FOLDER, cause, detail: `${FOLDER}: ${problem}` })
}
