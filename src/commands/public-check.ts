// Binds the public check of pictures: strangers' files are decoded and their manifests read in children, the mark is looked for in a
// thread, and the records of what was published are asked. Together for every way in: API, page, soft bindings; and apart from what
// tenants hand in: a stranger's file that hangs its reader keeps only strangers waiting.
import { openDecoders } from '../../workers/decoders.ts'
import { openManifests } from '../../workers/manifests.ts'
import { openShares } from '../http/shares.ts'
import type { PublicCheck } from '../http/strangers-picture.ts'
import type { Ground } from '../kernel/ground.ts'
import type { Registry } from '../mark/registry.ts'
import { verifyStranger } from '../mark/stranger.ts'
import type { Trust } from '../mark/trust.ts'
import { resolveByDns } from '../notify/address.ts'
import { openConfiguredTrustmark, openVerifyTools } from './parts.ts'

/** Starts no child yet. */
export async function openPublicCheck(
  { config, log }: Ground,
  { trust, registry }: { trust: Trust; registry: Registry },
  stack: AsyncDisposableStack,
): Promise<PublicCheck> {
  const { uploadPixels: maxPixels, uploadBytes: maxBytes, verificationsAtOnce } = config.limits
  const decoders = stack.use(openDecoders({ log, limits: { maxPixels, maxBytes } }))
  const manifests = stack.use(openManifests({ trust, log }))
  const trustmark = openConfiguredTrustmark(config, log, stack)
  const tools = { ...(await openVerifyTools(config, manifests, stack)), trustmark, registry, open: decoders.open }
  return {
    verify: (bytes) => verifyStranger(bytes, tools),
    resolve: resolveByDns,
    takePlace: openShares(verificationsAtOnce),
  }
}
