// What the records know of released pictures, as a test fills it.
import { CLOSE_BITS, fingerprintDistance } from '../../src/mark/fingerprint.ts'
import type { Marked } from '../../src/mark/mark.ts'
import type { Registry, RegistryRecord } from '../../src/mark/registry.ts'

export const RELEASED = {
  createdAt: new Date('2026-03-04T05:06:07Z'),
  system: 'Darkroom',
  version: '0.1.0',
  logIndex: 4,
} as const

export function openRegistry() {
  const byMark = new Map<string, RegistryRecord>()
  const byTrustmark = new Map<string, RegistryRecord>()
  const byManifest = new Map<string, RegistryRecord>()
  const registry: Registry = {
    byMarkId: async (markId, epoch) => byMark.get(`${epoch}/${markId}`) ?? null,
    byTrustmark: async (markId, algorithm) => byTrustmark.get(`${algorithm}/${markId}`) ?? null,
    byManifestId: async (manifestId) => byManifest.get(manifestId) ?? null,
    byLikeness: async (hex) =>
      [...byMark.values()].find(
        ({ fingerprint }) => fingerprint !== null && (fingerprintDistance(hex, fingerprint.hex) ?? 256) <= CLOSE_BITS,
      ) ?? null,
  }
  return {
    registry,
    byMark,
    byManifest,
    /** As if it had been released. */
    publish({ watermark, trustmark, manifestId, fingerprint, digests }: Marked, imageId: string): void {
      const told = { manifestId, fingerprint, pixelsDigest: digests.pixels }
      const record: RegistryRecord = { ...RELEASED, imageId, available: true, ...told }
      byMark.set(`${watermark.epoch}/${watermark.markId}`, record)
      if (trustmark !== null) byTrustmark.set(`${trustmark}/${watermark.markId}`, record)
      byManifest.set(manifestId, record)
    },
  }
}
