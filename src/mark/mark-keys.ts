// The secrets that key the watermark, one an epoch, newest first. Marks are made with the newest and looked for with all.
// Losing them loses every mark made with them; whoever reads them can remove or forge marks: they are kept like the signer's key.
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { Fault } from '../kernel/fault.ts'
import { readSecret, type SecretPlace, secretFile, secretsDirOf } from '../kernel/secret-files.ts'
import type { MarkKey } from './watermark/pattern.ts'

// Each further epoch costs a look at every candidate of a search.
const MOST_EPOCHS = 8

const FILE = 'mark-keys.json'

/** The keys of a deployment, from its secret `mark-keys.json`, made with one random epoch on first use. */
export async function openMarkKeys(place: SecretPlace): Promise<readonly MarkKey[]> {
  // Where releases before 0.2 kept them.
  const earlier = join(place.home, 'signer', 'mark', 'keys.json')
  const fresh = () => `${JSON.stringify([{ epoch: 1, secret: randomBytes(32).toString('hex') }])}\n`
  const text = await secretFile(place, FILE, async () => (await readSecret(earlier)) ?? fresh())
  return parseMarkKeys(text, join(secretsDirOf(place), FILE))
}

/** Parses `[{"epoch": 1, "secret": "<hex, 16 bytes or more>"}]`. Throws Fault 'signer_failed' naming `field`, never quoting it. */
export function parseMarkKeys(text: string, field: string): readonly MarkKey[] {
  const refuse = (detail: string) => new Fault('signer_failed', { field, detail })
  let entries: unknown
  try {
    entries = JSON.parse(text)
  } catch {
    throw refuse('The watermark keys are not JSON.')
  }
  if (!Array.isArray(entries) || entries.length === 0 || entries.length > MOST_EPOCHS) {
    throw refuse(`The watermark keys are a list of 1 to ${MOST_EPOCHS} epochs.`)
  }
  const keys = entries.map((entry: unknown): MarkKey => {
    if (typeof entry !== 'object' || entry === null || !('epoch' in entry) || !('secret' in entry)) {
      throw refuse('Each watermark key has an epoch and a secret.')
    }
    const { epoch, secret } = entry
    if (typeof epoch !== 'number' || !Number.isSafeInteger(epoch) || epoch < 1)
      throw refuse('An epoch is a number from 1.')
    if (typeof secret !== 'string' || !/^([0-9a-f]{2}){16,}$/i.test(secret)) {
      throw refuse(`The secret of epoch ${epoch} is not 16 or more bytes in hexadecimal.`)
    }
    return { epoch, secret: Buffer.from(secret, 'hex') }
  })
  if (new Set(keys.map((key) => key.epoch)).size !== keys.length) throw refuse('An epoch appears twice.')
  return keys.sort((a, b) => b.epoch - a.epoch)
}
