// Outputs by the names that exporters gave them.
import { ModelError } from '../runtime/error.ts'
import type { Output } from '../runtime/tensors.ts'

/** The output of this name, or the only one where an exporter named it otherwise. */
export function only(outputs: ReadonlyMap<string, Output>, name: string): Output {
  const [first] = outputs.values()
  const output = outputs.get(name) ?? (outputs.size === 1 ? first : undefined)
  if (output === undefined) throw new ModelError('pack_unsupported', `no output ${name}`, { field: name })
  return output
}
