// Reads spiece.model: SentencePiece's ModelProto, of which the pieces, the kind of model and the character map matter here.
// Field numbers are those of sentencepiece's sentencepiece_model.proto. An untrusted file: every length is checked.
import { ModelError } from '../runtime/error.ts'
import type { Piece } from './unigram.ts'

export type SentencePieceModel = {
  pieces: Piece[]
  /** Control and user-defined pieces: found in a text before it is split. */
  apart: string[]
  charsmap: Uint8Array | null
}

const UNIGRAM = 1
const [CONTROL, USER_DEFINED] = [3, 4]

/** ModelError: pack_corrupt (no protobuf), pack_unsupported (not a Unigram model). */
export function readSentencePiece(bytes: Uint8Array, file: string): SentencePieceModel {
  const corrupt = (cause?: unknown) =>
    new ModelError('pack_corrupt', `${file}: not a SentencePiece model; export tokenizer.json`, { file, cause })
  const model: SentencePieceModel = { pieces: [], apart: [], charsmap: null }
  try {
    for (const { number, value } of fieldsOf(bytes)) {
      if (!(value instanceof Uint8Array)) continue
      if (number === 1) addPiece(model, value)
      if (number === 2) refuseOtherModels(value, file)
      if (number === 3) model.charsmap = charsmapIn(value)
    }
  } catch (error) {
    throw error instanceof ModelError ? error : corrupt(error)
  }
  if (model.pieces.length === 0) throw corrupt()
  return model
}

function addPiece({ pieces, apart }: SentencePieceModel, bytes: Uint8Array): void {
  let [text, score, type] = ['', 0, 1]
  for (const { number, value } of fieldsOf(bytes)) {
    if (number === 1 && value instanceof Uint8Array) text = new TextDecoder('utf-8', { fatal: true }).decode(value)
    if (number === 2 && value instanceof DataView) score = value.getFloat32(0, true)
    if (number === 3 && typeof value === 'number') type = value
  }
  pieces.push([text, score])
  if (type === CONTROL || type === USER_DEFINED) apart.push(text)
}

function charsmapIn(bytes: Uint8Array): Uint8Array | null {
  for (const { number, value } of fieldsOf(bytes))
    if (number === 2 && value instanceof Uint8Array && value.length > 0) return value
  return null
}

function refuseOtherModels(bytes: Uint8Array, file: string): void {
  for (const { number, value } of fieldsOf(bytes)) {
    if (number === 3 && value !== UNIGRAM)
      throw new ModelError('pack_unsupported', `${file}: not a Unigram model`, { file, field: 'model_type' })
  }
}

type Field = { number: number; value: number | Uint8Array | DataView }

/** The fields of one protobuf message in order. RangeError: a length beyond the end, or an unknown wire type. */
function* fieldsOf(bytes: Uint8Array): Generator<Field> {
  let at = 0
  const varint = () => {
    let value = 0
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[at++]
      if (byte === undefined || scale > 2 ** 63) throw new RangeError('a varint without an end')
      value += (byte & 127) * scale
      if (byte < 128) return value
    }
  }
  const take = (length: number) => {
    if (length > bytes.length - at) throw new RangeError('a length beyond the end')
    at += length
    return bytes.subarray(at - length, at)
  }
  while (at < bytes.length) {
    const tag = varint()
    const number = Math.floor(tag / 8)
    const wire = tag % 8
    if (wire === 0) yield { number, value: varint() }
    else if (wire === 2) yield { number, value: take(varint()) }
    else if (wire === 1 || wire === 5) {
      const fixed = take(wire === 5 ? 4 : 8)
      yield { number, value: new DataView(fixed.buffer, fixed.byteOffset, fixed.byteLength) }
    } else throw new RangeError(`wire type ${wire}`)
  }
}
