// Admission of an edit: an order with pictures. What is done to them is in inputs.ts; the rest is a generation's admission.
// It orders nothing before every picture was looked at; admit.ts takes the order on.
import { sha256 } from '../kernel/canonical.ts'
import type { Ground } from '../kernel/ground.ts'
import type { Caller } from '../tenant/caller.ts'
import { type Admission, type Admitted, admitGeneration, type GivenEdit } from './admit.ts'
import type { GenerationOrder } from './order.ts'

/** Faults: as admitGeneration; too_large, busy, inference_down, object_store_failed. */
export function admitEdit(
  ground: Ground,
  admission: Admission,
  caller: Caller,
  order: Omit<GenerationOrder, 'edit'>,
  given: GivenEdit,
  idempotencyKey: string | null = null,
): Promise<Admitted> {
  const { images, mask, strength, fidelity } = given.edit
  const inputs = [...images, ...(mask === null ? [] : [mask])].map(({ bytes }) => sha256(bytes))
  const whole = { ...order, edit: { inputs, strength, fidelity } }
  return admitGeneration(ground, admission, caller, whole, idempotencyKey, given)
}
