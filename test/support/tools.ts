// Programs that a suite runs: on the PATH, or where `go install` puts them.
import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'
import { type Missing, missing } from './services.ts'

/** The path of each program, or which one is missing; throws where services are required. */
export const tools = async <const Name extends string>(...names: Name[]): Promise<Record<Name, string> | Missing> => {
  const folders = [
    ...(process.env.PATH ?? '').split(delimiter),
    process.env.GOBIN ?? '',
    join(process.env.GOPATH ?? join(homedir(), 'go'), 'bin'),
    '/usr/local/go/bin',
  ].filter((folder) => folder !== '')
  const found: Partial<Record<Name, string>> = {}
  for (const name of names) {
    const path = folders.map((folder) => join(folder, name)).find((candidate) => existsSync(candidate))
    if (path === undefined) return missing(name, 'see .ci/run')
    found[name] = path
  }
  return isWhole(found, names) ? found : missing(names.join(', '), 'see .ci/run')
}

const isWhole = <Name extends string>(
  found: Partial<Record<Name, string>>,
  names: readonly Name[],
): found is Record<Name, string> => names.every((name) => found[name] !== undefined)
