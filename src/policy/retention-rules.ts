// How long things are kept, from policies/retention.yaml. Strict like every policy file: a mistake refuses the file as a whole, with line
// and reason. publish/retention.ts acts on it. Immutable once loaded.
import Type, { type Static } from 'typebox'
import { sha256 } from '../kernel/canonical.ts'
import { parseDocumentOf, type Report, readPolicyFile } from './document.ts'
import type { PolicyRef } from './policy.ts'

const strict = { additionalProperties: false } as const
const MOST_DAYS = 3650

const RetentionSchema = Type.Object(
  {
    id: Type.Literal('retention'),
    version: Type.String({ pattern: '^\\d+\\.\\d+\\.\\d+$' }),
    effective: Type.String({ pattern: '^\\d{4}-\\d{2}-\\d{2}$' }),
    owner: Type.String({ minLength: 3, maxLength: 2000 }),
    // An appeal that was handed in at the last moment is on its way for a while.
    grace_days: Type.Integer({ minimum: 1, maximum: MOST_DAYS }),
    restricted_days: Type.Integer({ minimum: 1, maximum: MOST_DAYS }),
    released_original_days: Type.Integer({ minimum: 1, maximum: MOST_DAYS }),
  },
  strict,
)
type RetentionDocument = Static<typeof RetentionSchema>

export type RetentionRules = PolicyRef & {
  readonly graceDays: number
  readonly restrictedDays: number
  readonly releasedOriginalDays: number
}

/** Fault: policy_invalid, whose detail lists every problem with line and column. */
export async function loadRetentionRules(file: string): Promise<RetentionRules> {
  const { bytes, name } = await readPolicyFile(file)
  return parseRetentionRules(bytes, name)
}

export function parseRetentionRules(bytes: Uint8Array, name: string): RetentionRules {
  return parseDocumentOf(bytes, name, {
    schema: RetentionSchema,
    compile: (document, report) => compileRules(document, sha256(bytes), report),
  })
}

function compileRules(document: RetentionDocument, digest: string, report: Report): RetentionRules {
  if (document.restricted_days < document.grace_days)
    report(['restricted_days'], 'a restricted case may not be kept for less than the grace of an ordinary one')
  return Object.freeze({
    id: document.id,
    version: document.version,
    digest,
    graceDays: document.grace_days,
    restrictedDays: document.restricted_days,
    releasedOriginalDays: document.released_original_days,
  })
}
