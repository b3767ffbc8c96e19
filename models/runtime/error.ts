// What can go wrong with a model, as one class with a code; the only failure that leaves models/.
// Says which file, field and digest, and never a prompt or a pixel. workers/device.ts turns it into the service's own fault.

export type ModelErrorCode =
  | 'pack_missing'
  | 'pack_corrupt'
  | 'pack_unsupported'
  | 'nan'
  | 'out_of_memory'
  | 'model_error'
  | 'invalid_input'

export type ModelErrorOptions = {
  file?: string | undefined
  field?: string | undefined
  /** The digest that was found, and the one that the manifest promises; SHA-256 in hexadecimal. */
  digest?: string | undefined
  expectedDigest?: string | undefined
  cause?: unknown
}

export class ModelError extends Error {
  readonly code: ModelErrorCode
  readonly file: string | undefined
  readonly field: string | undefined
  readonly digest: string | undefined
  readonly expectedDigest: string | undefined

  constructor(code: ModelErrorCode, message: string, options: ModelErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'ModelError'
    this.code = code
    this.file = options.file
    this.field = options.field
    this.digest = options.digest
    this.expectedDigest = options.expectedDigest
  }
}

// The wordings of ONNX Runtime, CUDA, Dawn and V8 for the same thing.
const OUT_OF_MEMORY =
  /out[ _]of[ _](device )?memory|failed to allocate|allocation failed|alloc_failed|bad_alloc|available memory of/i

/** Types a failure of ONNX Runtime: out_of_memory where it is one, else model_error; a ModelError passes unchanged. */
export function asModelError(error: unknown, file: string): ModelError {
  if (error instanceof ModelError) return error
  const message = error instanceof Error ? error.message : String(error)
  const memory = OUT_OF_MEMORY.test(message) || (error instanceof RangeError && /length|size/i.test(message))
  return memory
    ? new ModelError('out_of_memory', `${file}: out of memory`, { file, cause: error })
    : new ModelError('model_error', `${file}: ${message}`, { file, cause: error })
}
