// A negative prompt, taken where the model reads one: what would be left unread in any case is refused, as no order for it was meant.
// A guidance scale of 1 or less leaves it unread too, as in diffusers; that is the order's own choice and is not refused.
import type { ModelCard } from '../kernel/model.ts'
import { invalid } from './bounds.ts'
import type { GenerationOrder } from './order.ts'

/** Fault: invalid_request, field `negative_prompt`. */
export function requireNegative(
  { negativePrompt = '', trueGuidanceScale = 1 }: GenerationOrder,
  { id, ...card }: ModelCard,
): void {
  if (negativePrompt === '') return
  if (!card.negativePrompt)
    throw invalid('negative_prompt', `model ${id} reads no negative prompt, as it was taught guidance; leave it out`)
  if (card.trueGuidance && trueGuidanceScale <= 1)
    throw invalid('negative_prompt', `model ${id} reads a negative prompt only with true_guidance_scale above 1`)
}
