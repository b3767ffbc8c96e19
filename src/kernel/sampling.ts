// What an order asks of sampling beyond steps, guidance scale and scheduler, as it stands on the request's row and in the recipes of its
// pictures. What is not here is the model's own way; a row without it asks for nothing.
import Type, { type Static } from 'typebox'
import { Value } from 'typebox/value'
import type { Json } from './canonical.ts'
import type { PromptSyntax } from './model.ts'

const Flag = Type.Optional(Type.Boolean())
/** What may be changed of a scheduler's configuration, by diffusers' names. Which scheduler knows which, the model's files decide. */
export const SchedulerOptions = Type.Object(
  {
    algorithm_type: Type.Optional(Type.Enum(['dpmsolver++', 'dpmsolver', 'sde-dpmsolver++', 'sde-dpmsolver'])),
    euler_at_final: Flag,
    final_sigmas_type: Type.Optional(Type.Enum(['zero', 'sigma_min'])),
    flow_shift: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: 100 })),
    lower_order_final: Flag,
    shift: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: 100 })),
    solver_order: Type.Optional(Type.Integer({ minimum: 1, maximum: 3 })),
    solver_type: Type.Optional(Type.Enum(['midpoint', 'heun', 'bh1', 'bh2', 'logrho'])),
    stochastic_sampling: Flag,
    timestep_spacing: Type.Optional(Type.Enum(['leading', 'linspace', 'trailing'])),
    use_beta_sigmas: Flag,
    use_exponential_sigmas: Flag,
    use_karras_sigmas: Flag,
    use_lu_lambdas: Flag,
  },
  { additionalProperties: false },
)
export type SchedulerOptions = Static<typeof SchedulerOptions>

export const Sampling = Type.Object(
  {
    scheduler_options: Type.Optional(SchedulerOptions),
    prompt_syntax: Type.Optional(Type.Literal('weighted')),
    guidance_rescale: Type.Optional(Type.Number()),
    true_guidance_scale: Type.Optional(Type.Number()),
    timesteps: Type.Optional(Type.Array(Type.Number())),
    sigmas: Type.Optional(Type.Array(Type.Number())),
  },
  { additionalProperties: false },
)
export type Sampling = Static<typeof Sampling>

/** Throws what no admission has written. */
export function samplingOf(stored: Json | null): Sampling {
  if (stored === null) return {}
  if (Value.Check(Sampling, stored)) return stored
  throw new TypeError('a request’s sampling is what admission wrote')
}

/** Null where nothing is asked. */
export function storedSampling(sampling: Sampling): string | null {
  return Object.keys(sampling).length === 0 ? null : JSON.stringify(sampling)
}

/** How the prompts of a request are read. */
export function syntaxOf(stored: Json | null): PromptSyntax {
  return samplingOf(stored).prompt_syntax ?? 'plain'
}
