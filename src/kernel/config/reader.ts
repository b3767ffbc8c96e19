// Reads environment variables one by one, notes each mistake by its variable's name, and knows which names were asked for.
// Each area beside this file takes its part through it; ../config.ts puts the parts together and tells all mistakes at once.
export type Environment = Record<string, string | undefined>
export type Reader = ReturnType<typeof openReader>

export function openReader(env: Environment) {
  const problems: string[] = []
  const seen = new Set<string>()
  const raw = (name: string) => {
    seen.add(name)
    const value = env[name]
    return value === undefined || value === '' ? undefined : value
  }
  return {
    problems,
    /** DARKROOM_ variables that nobody asked for. */
    unknown: () => Object.keys(env).filter((name) => name.startsWith('DARKROOM_') && !seen.has(name)),
    text: (name: string, fallback: string) => raw(name) ?? fallback,
    optional: (name: string) => raw(name) ?? null,
    /** Parts divided by commas, without empty ones. */
    list: (name: string) =>
      (raw(name) ?? '')
        .split(',')
        .map((part) => part.trim())
        .filter((part) => part !== ''),
    integer: (name: string, fallback: number, min: number, max: number) => {
      const value = raw(name)
      if (value === undefined) return fallback
      const number = Number(value)
      if (Number.isInteger(number) && number >= min && number <= max) return number
      problems.push(`${name}: expected a whole number from ${min} to ${max}`)
      return fallback
    },
    boolean: (name: string, fallback: boolean) => {
      const value = raw(name)
      if (value === undefined) return fallback
      if (value !== 'true' && value !== 'false') problems.push(`${name}: expected true or false`)
      return value === 'true'
    },
    choice: <const T extends string>(name: string, fallback: T, choices: readonly T[]): T => {
      const value = raw(name)
      if (value === undefined) return fallback
      const found = choices.find((one) => one === value)
      if (found === undefined) problems.push(`${name}: expected one of ${choices.join(', ')}`)
      return found ?? fallback
    },
    url: (name: string, protocols: readonly string[]) => {
      const value = raw(name)
      if (value === undefined) return null
      if (URL.canParse(value) && protocols.includes(new URL(value).protocol)) return value
      problems.push(`${name}: expected a URL that starts with ${protocols.map((p) => `${p}//`).join(' or ')}`)
      return null
    },
  }
}
