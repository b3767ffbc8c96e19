// `darkroom verify`: asks a service whether a picture came from it, and prints the three kinds of evidence apart.
import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { parseArgs } from 'node:util'
import { readConfig } from '../kernel/config.ts'
import { Fault } from '../kernel/fault.ts'
import type { Answer } from '../mark/stranger.ts'
import type { Command } from './command.ts'
import { reachService } from './reach.ts'

export const command: Command = {
  usage: `usage: npm run darkroom -- verify <file> [--url URL] [--json]

Says whether the picture came from this service: by its signed manifest, by the invisible watermark, by the record.
Exit status: 0 ours or ours_altered, 3 anything else.`,
  run: async (args) => {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: { url: { type: 'string' }, json: { type: 'boolean', default: false } },
    })
    const [file, ...rest] = positionals
    if (file === undefined || rest.length > 0)
      throw new Fault('invalid_request', { field: 'file', detail: 'give one file' })
    const bytes = await readFile(file).catch((cause: unknown) => {
      throw new Fault('invalid_request', { field: file, detail: 'cannot read the file', cause })
    })
    await using service = await reachService(readConfig(process.env), values.url)
    const found = await ask(service.url, basename(file), bytes)
    process.stdout.write(values.json ? `${JSON.stringify(found, null, 2)}\n` : describe(found))
    if (found.verdict !== 'ours' && found.verdict !== 'ours_altered') process.exitCode = 3
  },
}

/** As the service says them; whatever else it says is a request that it did not take. */
const REFUSALS = ['unsupported_media', 'too_large', 'rate_limited', 'busy'] as const

async function ask(base: string, name: string, bytes: Uint8Array<ArrayBuffer>): Promise<Answer> {
  const form = new FormData()
  form.set('file', new Blob([bytes]), name)
  const response = await fetch(new URL('/v1/provenance/verify', base), { method: 'POST', body: form })
  const answer: unknown = await response.json()
  if (response.ok) return answer as Answer
  const detail =
    typeof answer === 'object' && answer !== null && 'detail' in answer ? String(answer.detail) : 'no reason given'
  const code = typeof answer === 'object' && answer !== null && 'code' in answer ? answer.code : null
  throw new Fault(REFUSALS.find((one) => one === code) ?? 'invalid_request', { field: 'file', detail })
}

function describe({ verdict, manifest, watermark, record, notes }: Answer): string {
  const lines = [
    `verdict    ${verdict}`,
    `manifest   ${manifest.found ? `${manifest.state}, ${bySigner(manifest.signed_by)}` : 'none'}`,
    `watermark  ${watermark.found ? `found, confidence ${watermark.confidence}` : 'none'}`,
    `record     ${record === null ? 'none' : `${record.image_id}, ${record.system} ${record.version}, ${record.created_at}`}`,
    ...notes.map((note) => `           ${note}`),
  ]
  return `${lines.join('\n')}\n`
}

/** The public answer names no signer but ours. */
function bySigner(signedBy: string | null): string {
  return signedBy === null ? 'by a signer that is not told' : `signed by ${signedBy}`
}
