// Sandbox scenarios: what a prompt such as `sandbox:denied` forces, for tenants that may rehearse. The request goes the whole way of
// any other, with its tasks and statements; only the picture is drawn without a model and the verdict is given. Rehearsals are
// marked as such and never charged.
import { FAILURES, type Failure } from '../journey.ts'
import { Fault } from './fault.ts'

export type Scenario =
  | { kind: 'published' | 'refused' | 'denied' | 'held' | 'slow' }
  | { kind: 'failed'; reason: Failure }

const PREFIX = 'sandbox:'
const PLAIN = ['published', 'refused', 'denied', 'held', 'slow'] as const

export function isSandboxPrompt(prompt: string): boolean {
  return prompt.startsWith(PREFIX)
}

/** The scenario that a prompt names. Fault: invalid_request (field prompt), which lists them. */
export function scenarioOf(prompt: string): Scenario {
  const scenario = parseScenario(prompt.slice(PREFIX.length).trim())
  if (scenario !== null) return scenario
  const known = [...PLAIN, ...FAILURES.map((reason) => `failed:${reason}`)].join(', ')
  throw new Fault('invalid_request', { field: 'prompt', detail: `no such scenario; sandbox: is followed by ${known}` })
}

/** As it stands on the request's row. */
export function scenarioText(scenario: Scenario): string {
  return scenario.kind === 'failed' ? `failed:${scenario.reason}` : scenario.kind
}

export function parseScenario(text: string): Scenario | null {
  const kind = PLAIN.find((one) => one === text)
  if (kind !== undefined) return { kind }
  const reason = FAILURES.find((one) => `failed:${one}` === text)
  return reason === undefined ? null : { kind: 'failed', reason }
}
