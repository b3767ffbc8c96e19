// Checks a row of the log in the browser: asks for it anew, and computes from its answer the entry's body, the leaf, the root and the
// signature under it, with nothing of the server's but the bytes. It says exactly what held; that the page and this script come from
// the service stays so.

import { call } from './api.ts'
import { announce, button, el } from './dom.ts'

type Json = string | number | boolean | null | Json[] | { [name: string]: Json }
type Fields = { [name: string]: Json }
type Receipt = {
  row: { entry: Fields; index: number; opened: Fields | null }
  proof: string[]
  checkpoint: string
  key: string
}
type Step = { holds: boolean | null; says: string }
type Bytes = Uint8Array<ArrayBuffer>

const text = (value: string): Bytes => new TextEncoder().encode(value)
const bytes = (base64: string): Bytes => Uint8Array.from(atob(base64), (one) => one.charCodeAt(0))
const hex = (value: Bytes) => Array.from(value, (byte) => byte.toString(16).padStart(2, '0')).join('')
const unhex = (value: string): Bytes => Uint8Array.from(value.match(/../g) ?? [], (two) => Number.parseInt(two, 16))
const sha256 = async (...parts: Bytes[]): Promise<Bytes> =>
  new Uint8Array(await crypto.subtle.digest('SHA-256', await new Blob(parts).arrayBuffer()))

/** RFC 8785: members by name, everything as JSON.stringify spells it. */
function canonical(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const names = Object.keys(value).sort()
  return `{${names.map((name) => `${JSON.stringify(name)}:${canonical(value[name] ?? null)}`).join(',')}}`
}

/** docs/audit-format.md, Entries. */
async function opens(entry: Fields, { salt, ...opened }: Fields): Promise<boolean> {
  if (entry.v === 1) {
    const { leaf, kind: _, ...place } = entry
    return hex(await sha256(Uint8Array.of(0), text(canonical({ ...place, ...opened })))) === leaf
  }
  const key = await crypto.subtle.importKey('raw', unhex(String(salt)), { name: 'HMAC', hash: 'SHA-256' }, false, [
    'sign',
  ])
  return hex(new Uint8Array(await crypto.subtle.sign('HMAC', key, text(canonical(opened))))) === entry.body
}

/** RFC 9162, section 2.1.3.2. Null: the path is too long or too short. */
async function rootOf(leaf: Bytes, index: number, size: number, path: readonly Bytes[]): Promise<Bytes | null> {
  let [at, last, root] = [index, size - 1, leaf]
  if (at > last) return null
  for (const hash of path) {
    if (last === 0) return null
    if (at % 2 === 1 || at === last) {
      root = await sha256(Uint8Array.of(1), hash, root)
      while (at % 2 === 0 && at !== 0) [at, last] = [at / 2, Math.floor(last / 2)]
    } else root = await sha256(Uint8Array.of(1), root, hash)
    ;[at, last] = [Math.floor(at / 2), Math.floor(last / 2)]
  }
  return last === 0 ? root : null
}

/** A signed note's signature by a verifier key. Null: this browser has no Ed25519. */
async function signed(checkpoint: string, verifier: string): Promise<boolean | null> {
  const [, name = '', id = '', encoded = ''] = /^(.+)\+([0-9a-f]{8})\+(.+)$/.exec(verifier) ?? []
  const typed = bytes(encoded)
  if (typed[0] !== 1 || hex(await sha256(text(`${name}\n`), typed)).slice(0, 8) !== id) return false
  const end = checkpoint.indexOf('\n\n') + 1
  const lines = checkpoint.slice(end + 1).split('\n')
  const signature = lines
    .filter((line) => line.startsWith(`— ${name} `))
    .map((line) => bytes(line.slice(name.length + 3)))
    .find((one) => hex(one.slice(0, 4)) === id)
  if (signature === undefined) return false
  const key = await crypto.subtle.importKey('raw', typed.slice(1), 'Ed25519', false, ['verify']).catch(() => null)
  if (key === null) return null
  return crypto.subtle.verify('Ed25519', key, signature.slice(4), text(checkpoint.slice(0, end)))
}

async function check(index: number, shown: string): Promise<Step[]> {
  const { row, proof, checkpoint, key } = await call<Receipt>(`/v1/audit/rows/${index}?format=json`)
  const [origin = '', size = '', root = ''] = checkpoint.split('\n')
  const leaf = await sha256(Uint8Array.of(0), text(canonical(row.entry)))
  const reached = await rootOf(leaf, index, Number(size), proof.map(bytes))
  const vouched = await signed(checkpoint, key)
  const [name] = key.split('+', 1)
  return [
    row.opened === null
      ? { holds: null, says: 'The row is closed here: only its entry was checked.' }
      : { holds: await opens(row.entry, row.opened), says: 'What is opened makes the entry, under its salt.' },
    { holds: hex(leaf) === shown && row.index === index, says: 'The entry has the leaf hash that this page shows.' },
    {
      holds: reached !== null && hex(reached) === hex(bytes(root)),
      says: `The leaf at index ${index} leads by the path to the root of the checkpoint of ${size} leaves.`,
    },
    vouched === null
      ? { holds: null, says: 'This browser has no Ed25519: the signature was not checked.' }
      : { holds: vouched && name === origin, says: `The key of ${name} signed that checkpoint.` },
  ]
}

const WORDS = { true: 'Holds: ', false: 'Does not hold: ', null: 'Not checked: ' } as const

async function tell(proof: HTMLElement, list: Element): Promise<void> {
  const told = (steps: Step[], end: string) => {
    list.replaceChildren(
      ...steps.map(({ holds, says }) =>
        el('li', { 'data-holds': String(holds) }, el('strong', {}, WORDS[`${holds}`]), says),
      ),
      el('li', { class: 'hint' }, end),
    )
    announce(end)
  }
  list.removeAttribute('hidden')
  try {
    const steps = await check(Number(proof.dataset.proof), proof.dataset.leaf ?? '')
    told(
      steps,
      steps.some(({ holds }) => holds === false)
        ? 'Something does not hold: this answer is not to be relied on.'
        : 'Computed in this browser from what the service answered. The page, this script and the key came from the service too: independent is only a check on another machine, with the key from elsewhere.',
    )
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : ''
    told([{ holds: false, says: `the answer could not be read. ${why}` }], 'It could not be checked.')
  }
}

/** Shows the button of a row's proof. */
export function offerCheck(proof: HTMLElement): void {
  const place = proof.querySelector('[data-check]')
  const list = proof.querySelector('.checks')
  if (place === null || list === null) return
  // Only a page that came over a safe connection may hash and verify.
  if (globalThis.crypto?.subtle === undefined) return
  place.replaceWith(button('Check in this browser', () => void tell(proof, list), { 'data-check': true }))
}

for (const proof of document.querySelectorAll<HTMLElement>('[data-proof]')) offerCheck(proof)
