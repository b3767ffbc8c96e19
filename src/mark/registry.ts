// What the marking needs to know of published images, as the caller looks it up. It holds no prompt, tenant or user.

export type RegistryRecord = {
  imageId: string
  createdAt: Date
  system: string
  version: string
  logIndex: number | null
  /** Fingerprint of the published pixels, hexadecimal; null once erased. */
  fingerprint: string | null
}

export type Registry = {
  byMarkId(markId: number, epoch: number): Promise<RegistryRecord | null>
  byManifestId(manifestId: string): Promise<RegistryRecord | null>
}
