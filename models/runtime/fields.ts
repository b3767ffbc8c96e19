// Reads the JSON of a pack: untrusted, so every value is checked, and what is wrong is named by file and field.
// A reader remembers which fields were asked for; `unread` lists the rest, so that nothing in a file is ignored unnoticed.
import { ModelError } from './error.ts'

export type Fields = ReturnType<typeof readFields>

/** Parses JSON as Python writes it: Infinity, -Infinity and NaN become strings that `number` understands. */
export function parseJson(text: string, file: string): unknown {
  const strict = text.replace(/"(?:[^"\\]|\\.)*"|-?Infinity|NaN/g, (token) =>
    token.startsWith('"') ? token : JSON.stringify(token),
  )
  try {
    return JSON.parse(strict)
  } catch (cause) {
    throw new ModelError('pack_corrupt', `${file}: not JSON`, { file, cause })
  }
}

/** Opens a JSON object for reading. ModelError pack_corrupt: not an object, or later a field of the wrong type or range. */
export function readFields(source: unknown, file: string, prefix = '') {
  if (!isRecord(source))
    throw new ModelError('pack_corrupt', `${file}: expected an object`, { file, field: prefix || undefined })
  const read = new Set<string>()
  const bad = (name: string, expected: string) =>
    new ModelError('pack_corrupt', `${file}: ${prefix}${name}: expected ${expected}`, {
      file,
      field: `${prefix}${name}`,
    })
  // Python's None is "not given".
  const take = (name: string) => {
    read.add(name)
    return source[name] ?? undefined
  }
  const required = <T>(name: string, value: T | undefined, expected: string): T => {
    if (value === undefined) throw bad(name, expected)
    return value
  }

  const textIf = (name: string) => {
    const value = take(name)
    if (value !== undefined && typeof value !== 'string') throw bad(name, 'text')
    return value
  }
  const numberIf = (name: string, min = -Infinity, max = Infinity) => {
    const raw = take(name)
    const value = raw === 'Infinity' ? Infinity : raw === '-Infinity' ? -Infinity : raw
    if (value === undefined) return undefined
    if (typeof value !== 'number' || !(value >= min && value <= max)) throw bad(name, `a number from ${min} to ${max}`)
    return value
  }
  const integerIf = (name: string, min: number, max: number) => {
    const value = numberIf(name, min, max)
    if (value !== undefined && !Number.isInteger(value)) throw bad(name, 'a whole number')
    return value
  }
  const listIf = (name: string): readonly unknown[] | undefined => {
    const value = take(name)
    if (value !== undefined && !Array.isArray(value)) throw bad(name, 'a list')
    return value
  }
  return {
    file,
    bad,
    has: (name: string) => source[name] !== undefined && source[name] !== null,
    names: () => Object.keys(source),
    unread: () => Object.keys(source).filter((name) => !read.has(name)),
    textIf,
    text: (name: string) => required(name, textIf(name), 'text'),
    numberIf,
    number: (name: string, min?: number, max?: number) => required(name, numberIf(name, min, max), 'a number'),
    integerIf,
    integer: (name: string, min: number, max: number) => required(name, integerIf(name, min, max), 'a whole number'),
    flagIf(name: string) {
      const value = take(name)
      if (value !== undefined && typeof value !== 'boolean') throw bad(name, 'true or false')
      return value
    },
    choiceIf<const T extends string>(name: string, choices: readonly T[]): T | undefined {
      const value = textIf(name)
      if (value === undefined) return undefined
      return required(
        name,
        choices.find((choice) => choice === value),
        `one of ${choices.join(', ')}`,
      )
    },
    listIf,
    list: (name: string) => required(name, listIf(name), 'a list'),
    texts: (name: string) =>
      required(name, listIf(name), 'a list').map((item, i) => {
        if (typeof item !== 'string') throw bad(`${name}[${i}]`, 'text')
        return item
      }),
    numbersIf: (name: string) =>
      listIf(name)?.map((item, i) => {
        if (typeof item !== 'number' || !Number.isFinite(item)) throw bad(`${name}[${i}]`, 'a number')
        return item
      }),
    child: (name: string) => readFields(take(name), file, `${prefix}${name}.`),
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
