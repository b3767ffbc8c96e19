// Reads float tensors of a safetensors file: eight bytes of length, a JSON header, raw little-endian values. Untrusted, so every
// offset is checked against the file. Only what is asked for is read.
import { readFile } from 'node:fs/promises'
import { ModelError } from './error.ts'
import { parseJson, readFields } from './fields.ts'
import { type Pack, packFile } from './pack.ts'
import { allFinite, fromHalf } from './tensors.ts'

export type Tensors = {
  /** Row-major values of a tensor with `rank` dimensions. ModelError pack_corrupt, with the tensor's name as field. */
  get(name: string, rank: number): { values: Float32Array; dims: readonly number[] }
}

const HEADER_BYTES = 1024 * 1024
const WIDTHS = { F32: 4, F16: 2 } as const

/** ModelError: pack_corrupt. */
export async function openSafetensors(pack: Pack, path: string): Promise<Tensors> {
  const file = packFile(pack, path)
  return parseSafetensors(await readFile(file), file)
}

export function parseSafetensors(bytes: Uint8Array, file: string): Tensors {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const length = bytes.length < 8 ? HEADER_BYTES + 1 : Number(view.getBigUint64(0, true))
  if (length > HEADER_BYTES || 8 + length > bytes.length)
    throw new ModelError('pack_corrupt', `${file}: not a safetensors file`, { file })
  const header = readFields(parseJson(new TextDecoder().decode(bytes.subarray(8, 8 + length)), file), file)
  const start = 8 + length
  return {
    get(name, rank) {
      const tensor = header.child(name)
      const type = tensor.choiceIf('dtype', ['F32', 'F16'])
      if (type === undefined) throw tensor.bad('dtype', 'F32 or F16')
      const dims = tensor.numbersIf('shape') ?? []
      const whole = dims.every((side) => Number.isInteger(side) && side > 0)
      if (dims.length !== rank || !whole) throw tensor.bad('shape', `${rank} whole numbers`)
      const count = dims.reduce((product, side) => product * side, 1)
      const [begin, end] = tensor.numbersIf('data_offsets') ?? []
      const width = WIDTHS[type]
      const fits = begin !== undefined && Number.isInteger(begin) && begin >= 0 && end === begin + count * width
      if (!fits || start + end > bytes.length) throw tensor.bad('data_offsets', 'its own bytes of the file')
      const values = Float32Array.from({ length: count }, (_, i) => {
        const at = start + begin + i * width
        return type === 'F32' ? view.getFloat32(at, true) : fromHalf(view.getUint16(at, true))
      })
      if (!allFinite(values)) throw header.bad(name, 'finite numbers')
      return { values, dims }
    },
  }
}
