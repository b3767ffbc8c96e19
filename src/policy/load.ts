// Loads a moderation policy from its file, or says everything that is wrong with it, each with line and column (document.ts).
// A policy is compiled once here; evaluating it later allocates little and never reads the file again.
// `digest` is the SHA-256 of the file's bytes: every decision carries it, so the text in force can be proved later.
import { sha256 } from '../kernel/canonical.ts'
import { compilePolicy } from './compile.ts'
import { parseDocumentOf, readPolicyFile } from './document.ts'
import type { ModerationPolicy } from './policy.ts'
import { PolicySchema } from './schema.ts'

/** Fault: policy_invalid; its field is `folder/file:LINE:COL` of the first problem, its detail lists them all. */
export async function loadModerationPolicy(file: string): Promise<ModerationPolicy> {
  const { bytes, name } = await readPolicyFile(file)
  return parseModerationPolicy(bytes, name)
}

/** The same for bytes at hand; `name` is what problems call the file. */
export function parseModerationPolicy(bytes: Uint8Array, name: string): ModerationPolicy {
  return parseDocumentOf(bytes, name, {
    schema: PolicySchema,
    compile: (document, report) => Object.freeze(compilePolicy(document, sha256(bytes), report)),
  })
}
