// Refusals of an order by the name of the field, and the bounds that most of them are about.
import { Fault } from '../kernel/fault.ts'

export function whole(value: number, field: string, min: number, max: number): number {
  if (Number.isInteger(value) && value >= min && value <= max) return value
  throw invalid(field, `${field} is a whole number from ${min} to ${max}`)
}

export function between(value: number, field: string, min: number, max: number): number {
  if (Number.isFinite(value) && value >= min && value <= max) return value
  throw invalid(field, `${field} is a number from ${min} to ${max}`)
}

export function invalid(field: string, detail: string): Fault {
  return new Fault('invalid_request', { field, detail })
}
