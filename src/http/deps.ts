// What the server is given. It makes nothing itself: records, models, the policy and the tools of provenance come from outside.
import type { FastifyInstance } from 'fastify'
import type { Admission } from '../admit/admit.ts'
import type { TransparencyLog } from '../audit/log.ts'
import type { Ground } from '../kernel/ground.ts'
import type { Picture } from '../kernel/model.ts'
import type { Provenance } from '../mark/verify.ts'
import type { Evidence } from '../moderate/moderate.ts'
import type { WebhookTools } from '../notify/deliver.ts'
import type { OnErased } from '../publish/erase.ts'
import type { FileStore } from '../publish/file-store.ts'
import type { ReviewTools } from '../review/item.ts'
import type { Bearers } from '../statement/bearer.ts'
import type { Tongues } from '../statement/translate.ts'
import type { PublicCheck } from './strangers-picture.ts'

export type ServerDeps = {
  readonly ground: Ground
  /** Models, policy and limits that an order is checked against. */
  readonly admission: Admission
  /** The store whose links this server answers under /objects/; null where links lead elsewhere (S3). */
  readonly objects: Pick<FileStore, 'get' | 'verifySignedUrl'> | null
  /** The log that anybody may read. */
  readonly transparency: TransparencyLog
  /** Says whether a picture came from here, to anybody. */
  readonly publicCheck: PublicCheck
  /**
   * What the model's classifiers say of a picture that a caller hands in; null when it has none.
   * Faults: model_unknown, busy, inference_down, pack_missing, pack_corrupt, nan.
   */
  readonly examineUpload: (picture: Picture, modelId: string) => Promise<Evidence>
  /** What a picture that a caller hands in says of its origin; as the public check, but sooner done. */
  readonly findMarks: (bytes: Buffer) => Promise<Provenance>
  /** The C2PA manifest of a released file, as JSON. */
  readonly readManifest: (bytes: Buffer, contentType: string) => Promise<object>
  /** The policy and the rules by which people review. */
  readonly review: ReviewTools
  /** Knows whoever bears a statement's link. */
  readonly statements: Bearers
  /** Says statements and answers in other languages. */
  readonly tongues: Tongues
  /** Seals the secrets of webhooks and finds where they lead. */
  readonly webhooks: WebhookTools
  /** What else ends with a generation's content, such as its appeals; in the transaction that erases it. */
  readonly onErased: OnErased
  /** What must work before traffic comes, by name; each throws when it does not. */
  readonly checks: Readonly<Record<string, () => Promise<void>>>
  /** Pages, each with its own routes. Their routes may be called by anybody (`request.caller` may be null) unless they say more. */
  readonly pages: readonly ((app: FastifyInstance) => Promise<void>)[]
  readonly version: string
}

/** What a file of routes is given beside the app. */
export type RouteDeps = ServerDeps & {
  /** Aborts when the server closes, so that nobody waits for an answer that will not come. */
  readonly closing: AbortSignal
}
