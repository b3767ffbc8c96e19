// How the log's bench writes what it measured: one measurement as it is, several as their median and how far they lie apart.
import { spread } from '../api/statistics.ts'

export function told(values: readonly number[], digits: number): string {
  const [one, ...more] = values
  return one !== undefined && more.length === 0 ? one.toFixed(digits) : spread(values, digits)
}

/** The most of them, in MB. */
export function mostMb(bytes: readonly number[]): string {
  return (Math.max(...bytes) / 1e6).toFixed(0)
}

export function row(name: string, cells: readonly string[]): string {
  return `| ${[name, ...cells].join(' | ')} |`
}
