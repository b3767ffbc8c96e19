// The transparency log: what it is called, how often it may grow, who else vouches for it, how much of it is exported at once and for
// how long an export is kept.
import type { Reader } from './reader.ts'

/** Names the log in its checkpoints and its key: an address without its scheme. */
const ORIGIN = /^[A-Za-z0-9][A-Za-z0-9.:_~/-]{0,199}$/
const UNPUBLISHED = 'darkroom.local'

/** A witness's verifier key: its name, the key's id, and the key under the byte 04 of cosignatures; behind `@`, where it takes checkpoints. */
const WITNESS = /^([^\s+]{1,200}\+[0-9a-f]{8}\+B[A-P][A-Za-z0-9+/]{42})@(https?:\/\/.{1,500})$/
/** A checkpoint's note has a hundred signatures at the most. */
const MOST_WITNESSES = 20

export type WitnessConfig = { readonly key: string; readonly url: string }

/** `publicUrl`: where the service is, from which the log has its name unless the operator gives it one. */
export function readTransparency(reader: Reader, publicUrl: string | null) {
  const { optional, integer, problems } = reader
  const origin = optional('DARKROOM_LOG_ORIGIN')
  if (origin !== null && (!ORIGIN.test(origin) || origin.includes('://')))
    problems.push(
      'DARKROOM_LOG_ORIGIN: expected an address without a scheme, such as images.example.com/log (letters, digits and .:_~/-)',
    )
  return {
    origin,
    /** The name of a log that has none yet, where `origin` is null. */
    defaultOrigin: `${publicUrl === null ? UNPUBLISHED : new URL(publicUrl).host}/log`,
    /** Something to integrate waits so long at the most. */
    roundMs: integer('DARKROOM_LOG_ROUND_MS', 500, 10, 60_000),
    /** Who cosigns checkpoints. */
    witnesses: readWitnesses(reader),
    /** They are asked so often at the most, and a checkpoint is served that often. */
    witnessSeconds: integer('DARKROOM_LOG_WITNESS_SECONDS', 60, 1, 3600),
    /** Where there is an authority on time (config/signer.ts), a new checkpoint is dated so long after the one before. */
    timestampMinutes: integer('DARKROOM_LOG_TIMESTAMP_MINUTES', 60, 1, 60),
    /** The longest period of one export. */
    exportDays: integer('DARKROOM_AUDIT_EXPORT_MAX_DAYS', 3660, 1, 36_600),
    /** The longest period of one report. */
    reportDays: integer('DARKROOM_AUDIT_REPORT_MAX_DAYS', 400, 1, 36_600),
    /** One that is made or given up is taken away so long after that; 0: by people alone. */
    exportKeepDays: integer('DARKROOM_AUDIT_EXPORT_KEEP_DAYS', 90, 0, 36_600),
  }
}

function readWitnesses({ list, problems }: Reader): readonly WitnessConfig[] {
  const given = list('DARKROOM_LOG_WITNESSES')
  const read = given.map(readWitness)
  const wrong = read.flatMap((one, i) => (one === null ? [i + 1] : []))
  if (wrong.length > 0)
    problems.push(
      'DARKROOM_LOG_WITNESSES: expected verifier keys of cosignatures, each with @ and an address (https, or http on this machine) ' +
        `without credentials, query and fragment; wrong: number ${wrong.join(', ')} of ${given.length}`,
    )
  if (given.length > MOST_WITNESSES)
    problems.push(`DARKROOM_LOG_WITNESSES: names ${given.length}; ${MOST_WITNESSES} at the most`)
  const witnesses = read.filter((one) => one !== null)
  const keys = witnesses.map(({ key }) => key)
  const twice = keys.find((key, i) => keys.indexOf(key) !== i)
  if (twice !== undefined) problems.push(`DARKROOM_LOG_WITNESSES: names one key twice: ${twice}`)
  return witnesses
}

function readWitness(text: string): WitnessConfig | null {
  const [, key, url] = WITNESS.exec(text) ?? []
  return key !== undefined && url !== undefined && isPrefix(url) ? { key, url: url.replace(/\/$/, '') } : null
}

function isPrefix(text: string): boolean {
  if (!URL.canParse(text) || /[?#]/.test(text)) return false
  const { protocol, hostname, username, password } = new URL(text)
  const here = ['localhost', '127.0.0.1', '[::1]'].includes(hostname)
  return (protocol === 'https:' || here) && username === '' && password === ''
}
