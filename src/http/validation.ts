// Bodies are taken as they are: nothing is coerced, defaulted or dropped, and the first thing wrong is named by its field.
// Query strings and parameters are text, so there numbers are read from it.
import { Type, TypeBoxValidatorCompiler } from '@fastify/type-provider-typebox'
import type { FastifySchemaValidationError } from 'fastify'
import type { TSchema } from 'typebox'
import { Fault } from '../kernel/fault.ts'

/** Objects with these fields and no others. */
export const strict = { additionalProperties: false } as const

/** A field that may be left out or null, which mean the same. */
export function optional<T extends TSchema>(schema: T) {
  return Type.Optional(Type.Union([schema, Type.Null()]))
}

/** As TypeBox's, but numbers in query strings and parameters are digits: `true` is none. What has no form is told in words. */
export const validatorCompiler: typeof TypeBoxValidatorCompiler = (route) => {
  const compiled = TypeBoxValidatorCompiler(route)
  const validate: typeof compiled = (value) => inWords(compiled(value), route.schema)
  if (route.httpPart === 'body') return (value) => (isVast(value) ? { error: tooManyParts() } : validate(value))
  const fields: Record<string, unknown> = Object(route.schema).properties ?? {}
  const numbers = Object.keys(fields).filter((name) => ['integer', 'number'].includes(Object(fields[name]).type))
  return (value) => {
    const texts: Record<string, unknown> = Object(value)
    const wrong = numbers.find((name) => typeof texts[name] === 'string' && !NUMBER.test(texts[name]))
    return validate(wrong === undefined ? value : { ...texts, [wrong]: 'no number' })
  }
}

/** A pattern is for programs: what it means is what the schema says of itself, which follows "must be". */
function inWords(result: ReturnType<ReturnType<typeof TypeBoxValidatorCompiler>>, schema: unknown): typeof result {
  if (typeof result !== 'object' || !('error' in result) || !Array.isArray(result.error)) return result
  const error = result.error.map((one: FastifySchemaValidationError) => {
    if (one.keyword !== 'pattern') return one
    const { description } = Object(within(schema, one.schemaPath))
    if (typeof description !== 'string') return one
    const words = `${description.charAt(0).toLowerCase()}${description.slice(1).replace(/\.$/, '')}`
    return { ...one, message: `must be ${words}` }
  })
  return { error }
}

/** What a JSON pointer leads to. */
function within(schema: unknown, pointer: string): unknown {
  const names = pointer.split('/').slice(1)
  return names.reduce((at, name) => Object(at)[name.replaceAll('~1', '/').replaceAll('~0', '~')], schema)
}

/** Fields and elements, at whatever depth: more than any body here has a use for. */
const MOST_PARTS = 10_000

/** Validators take seconds to say what is wrong with each of a million elements; this stops counting at the bound. */
function isVast(body: unknown): boolean {
  const open: unknown[] = [body]
  for (let parts = 0; open.length > 0; ) {
    const value = open.pop()
    if (typeof value !== 'object' || value === null) continue
    if (Array.isArray(value)) {
      parts += value.length
      if (parts > MOST_PARTS) return true
      open.push(...value)
      continue
    }
    for (const name in value) {
      if (++parts > MOST_PARTS) return true
      open.push(Reflect.get(value, name))
    }
  }
  return false
}

function tooManyParts(): Fault {
  return new Fault('invalid_request', { detail: `the body has more than ${MOST_PARTS} fields and elements` })
}

const NUMBER = /^-?\d+(\.\d+)?$/
const MOMENT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/i

/** Fault invalid_request, which names the field. */
export function validationFault(errors: readonly FastifySchemaValidationError[], part: string): Fault {
  const first = errors.find(isTelling) ?? errors[0]
  const path = (first?.instancePath ?? '').split('/').slice(1).join('.')
  const unknown = names(first?.params.additionalProperties)
  if (unknown !== null) return invalid(join(path, unknown), `unknown field ${join(path, unknown)}`, 'unknown_parameter')
  const lacking = names(first?.params.requiredProperties)
  if (lacking !== null)
    return invalid(join(path, lacking), `${join(path, lacking)} is required`, 'missing_required_parameter')
  if (path === '') return new Fault('invalid_request', { detail: `the ${part} is not a JSON object` })
  const values = first?.params.allowedValues
  if (Array.isArray(values)) return invalid(path, `${path} must be one of ${values.join(', ')}`)
  const wrong = first?.keyword === 'type' ? 'invalid_type' : 'invalid_value'
  return invalid(path, `${named(path)} ${first === undefined ? 'is not valid' : plainly(first)}`, wrong)
}

/** A part of a list of the body by the name of the list; what lies deeper by where it is. */
function named(path: string): string {
  const [, list] = /^(\w+)\.\d+$/.exec(path) ?? []
  return list === undefined ? path : `each of ${list}`
}

const KINDS: Readonly<Record<string, string>> = {
  string: 'text',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object with fields',
}

/** What a person can do something with; the schema's own words only where there are no plainer ones. */
function plainly({ keyword, params, message = 'is not valid' }: FastifySchemaValidationError): string {
  const limit = Number(params.limit)
  switch (keyword) {
    case 'type':
      return `must be ${KINDS[String(params.type)] ?? String(params.type)}`
    case 'minLength':
      return limit === 1 ? 'must not be empty' : `must have ${limit} characters or more`
    case 'maxLength':
      return `may have ${limit} characters at most`
    case 'minItems':
      return limit === 1 ? 'must not be empty' : `must have ${limit} parts or more`
    case 'maxItems':
      return `may have ${limit} parts at most`
    case 'minimum':
      return `must be ${limit} or more`
    case 'maximum':
      return `must be ${limit} or less`
    case 'anyOf':
      return 'has none of the shapes that are taken here'
    default:
      return message
  }
}

/** A union reports each of its branches, and an unknown field reports twice; these say the least. */
function isTelling(error: FastifySchemaValidationError): boolean {
  return error.keyword !== 'anyOf' && error.keyword !== 'boolean' && error.params.type !== 'null'
}

function names(list: unknown): string | null {
  return Array.isArray(list) && typeof list[0] === 'string' ? list[0].slice(0, 100) : null
}

function join(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`
}

/** `wrong` is OpenAI's word for it. */
function invalid(field: string, detail: string, wrong = 'invalid_value'): Fault {
  return new Fault('invalid_request', { field, detail, facts: { wrong } })
}

/** A moment that a query names, or null. Fault: invalid_request. */
export function instant(text: string | undefined, field: string): Date | null {
  if (text === undefined) return null
  if (text === '') throw invalid(field, `${field} is empty: give a moment such as 2026-01-31T12:00:00Z`)
  const at = new Date(text)
  const year = at.getUTCFullYear()
  if (MOMENT.test(text) && isDay(text.slice(0, 10))) {
    if (year < 1970) throw invalid(field, `${field} is before 1970`)
    if (year < 10_000) return at
  }
  throw invalid(field, `${field} is not a moment such as 2026-01-31T12:00:00Z`)
}

/** Whether the calendar has it, given as 2026-01-31: Date makes the 2nd of March of the 30th of February. */
export function isDay(text: string): boolean {
  const at = new Date(`${text}T00:00:00Z`)
  return !Number.isNaN(at.getTime()) && at.toISOString().startsWith(text)
}
