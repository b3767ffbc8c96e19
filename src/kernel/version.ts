// What this software calls itself in manifests, records and the log.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

function readVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8'))
  if (typeof manifest === 'object' && manifest !== null && 'version' in manifest) return String(manifest.version)
  throw new TypeError('package.json names no version')
}

export const SYSTEM = { name: 'Darkroom', version: readVersion() }
