// Binds the public check of pictures: strangers' files are decoded and their manifests read in children, the mark is looked for in a
// thread of its own, and the records of what was published are asked. Together for every way in: API, page, soft bindings.
import { openDecoders } from '../../workers/decoders.ts'
import { openShares } from '../http/shares.ts'
import type { PublicCheck } from '../http/strangers-picture.ts'
import type { Ground } from '../kernel/ground.ts'
import type { Registry } from '../mark/registry.ts'
import { verifyStranger } from '../mark/stranger.ts'
import { resolveByDns } from '../notify/address.ts'
import { openVerifyTools, type VerifyTools } from './parts.ts'

/** Starts no child yet. */
export async function openPublicCheck(
  { config, log }: Ground,
  { signer, registry }: Pick<VerifyTools, 'signer'> & { registry: Registry },
  stack: AsyncDisposableStack,
): Promise<PublicCheck> {
  const { uploadPixels: maxPixels, uploadBytes: maxBytes, verificationsAtOnce } = config.limits
  const decoders = stack.use(openDecoders({ log, limits: { maxPixels, maxBytes } }))
  const tools = { ...(await openVerifyTools(config, signer, stack)), registry, open: decoders.open }
  return {
    verify: (bytes) => verifyStranger(bytes, tools),
    resolve: resolveByDns,
    takePlace: openShares(verificationsAtOnce),
  }
}
