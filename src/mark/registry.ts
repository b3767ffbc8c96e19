// What the marking needs to know of published images, as the caller looks it up. It holds no prompt, tenant or user.
import type { Fingerprint } from './fingerprint.ts'

export type RegistryRecord = {
  imageId: string
  createdAt: Date
  system: string
  version: string
  logIndex: number | null
  /** Label of the manifest that the released file carries. */
  manifestId: string | null
  /** Whether it can still be had here; the record of what was withdrawn, expired or erased stays. */
  available: boolean
  /** Fingerprint of the published pixels; 16 digits where it was recorded before the standard's; null when there is none. */
  fingerprint: Fingerprint | null
  /** Of the published pixels (pixels.ts); null when there is none. */
  pixelsDigest: string | null
}

export type Registry = {
  byMarkId(markId: number, epoch: number): Promise<RegistryRecord | null>
  /** `algorithm`: the second mark's, which the image was released with. */
  byTrustmark(markId: number, algorithm: string): Promise<RegistryRecord | null>
  byManifestId(manifestId: string): Promise<RegistryRecord | null>
  /** The one whose pixels look most alike, if any does; `hex` of a fingerprint that is not weak. */
  byLikeness(hex: string): Promise<RegistryRecord | null>
}
