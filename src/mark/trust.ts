// What reading trusts, and how a timestamp keeps a signature trusted beyond its certificate. The C2PA library has one list of anchors for
// signers and authorities on time alike, and a public authority's root stands above certificates for anybody's e-mail: with it on the list
// any of them would pass as ours. So a file is read twice: whether its signer is ours is asked without the authorities' roots, and
// only what time it was is asked with them.
import { isAnchored, type ManifestReading, parseManifestStore } from './manifest.ts'

/** PEM texts, public. */
export type Trust = {
  /** Roots of our own signers: the present one and those before it. */
  readonly anchorsPem: string
  /** Roots of the authorities whose timestamps count; null: none does. */
  readonly timestampAnchorsPem: string | null
}

/** Reads the same file's manifest store with these anchors. */
export type ReadStore = (anchorsPem: string) => Promise<unknown>

/** Throws what `readStore` throws. */
export async function readTrusted(
  { anchorsPem, timestampAnchorsPem }: Trust,
  readStore: ReadStore,
): Promise<ManifestReading> {
  const store = await readStore(anchorsPem)
  const reading = parseManifestStore(store)
  if (!reading.found || reading.timestamp === null || timestampAnchorsPem === null) return reading
  const dated = parseManifestStore(await readStore(`${anchorsPem}\n${timestampAnchorsPem}`))
  if (!dated.found || dated.timestamp === null || !dated.timestamp.trusted) return reading
  // Ours by its certificate: then what the dated reading says of that certificate's end holds, whatever else is wrong with the file.
  return isAnchored(store) ? dated : { ...reading, timestamp: dated.timestamp }
}
