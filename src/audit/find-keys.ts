// What somebody may know of a picture, and look for it by: an id, the number in its mark, its manifest, a digest, a place in the log. A
// text may be several of these at once, as digits are; each is looked for. Pure; find.ts looks.
import { Fault } from '../kernel/fault.ts'
import { parseId } from '../kernel/ids.ts'

/** `pixels` and what follows it are read from a picture, never from a text. `bits`: of 256, by how many it differs. */
export type Lead =
  | { by: 'image' | 'request' | 'statement' | 'appeal' | 'review_item' | 'manifest' | 'file' | 'pixels'; value: string }
  | { by: 'mark'; value: number; epoch: number | null }
  | { by: 'log_index'; value: number }
  | { by: 'trustmark'; value: number; algorithm: string }
  | { by: 'likeness'; value: string; bits: number }
export type LeadBy = Lead['by']

const IDS = { img: 'image', req: 'request', sor: 'statement', apl: 'appeal', rvw: 'review_item' } as const
const PREFIXES = ['img', 'req', 'sor', 'apl', 'rvw'] as const
export const LONGEST_KEY = 200
const SHA256 = /^[0-9a-f]{64}$/i
const DIGITS = /^\d{1,16}$/
/** As manifests and the soft binding resolution spell it: the epoch of the key, and the number in hex. */
const BOUND = /^(\d{1,6})\.([0-9a-f]{1,13})$/i
const HEX = /^(?:0x)?([0-9a-f]{1,13})$/i

/** Fault: invalid_request (field 'q') where it is nothing that anything is found by. */
export function readKey(text: string): Lead[] {
  const key = text.trim()
  if (key === '') throw wrong('nothing was given: give an id, a number or a digest')
  if (key.length > LONGEST_KEY) throw wrong(`it has ${key.length} characters; ${LONGEST_KEY} at the most`)
  const leads = leadsIn(key)
  if (leads.length > 0) return leads
  const [prefix = ''] = key.split('_', 1)
  throw wrong(
    PREFIXES.some((one) => one === prefix)
      ? `that is no id: after ${prefix}_ there are 26 letters and digits`
      : 'that is nothing that a picture is found by: give an id (img_, req_, sor_, apl_, rvw_), the number of a mark, the id of a manifest (urn:c2pa:), a SHA-256 or a place in the log',
  )
}

function leadsIn(key: string): Lead[] {
  for (const prefix of PREFIXES) {
    const id = parseId(prefix, key.toLowerCase())
    if (id !== null) return [{ by: IDS[prefix], value: id }]
  }
  if (/^(?:urn|xmp)[:.][\x21-\x7e]+$/i.test(key)) return [{ by: 'manifest', value: key }]
  if (SHA256.test(key)) {
    const value = key.toLowerCase()
    return [
      { by: 'file', value },
      { by: 'pixels', value },
    ]
  }
  const [, epoch = '', bound = ''] = BOUND.exec(key) ?? []
  if (bound !== '') return marks(Number.parseInt(bound, 16), Number(epoch))
  if (DIGITS.test(key)) {
    const value = Number(key)
    return Number.isSafeInteger(value) ? [...marks(value, null), { by: 'log_index', value }] : []
  }
  const [, hex = ''] = HEX.exec(key) ?? []
  return hex === '' ? [] : marks(Number.parseInt(hex, 16), null)
}

function marks(value: number, epoch: number | null): Lead[] {
  return Number.isSafeInteger(value) ? [{ by: 'mark', value, epoch }] : []
}

function wrong(detail: string): Fault {
  return new Fault('invalid_request', { field: 'q', detail })
}
