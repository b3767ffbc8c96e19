// Loads a moderation policy from its file, or says everything that is wrong with it, each with line and column (document.ts).
// A policy is compiled once here; evaluating it later allocates little and never reads the file again.
// `digest` is the SHA-256 of the file's bytes: every decision carries it, so the text in force can be proved later.
import { compilePolicy } from './compile.ts'
import { parseDocumentOf, readPolicyFile } from './document.ts'
import type { ModerationPolicy } from './policy.ts'
import { type PolicyDocument, PolicySchema } from './schema.ts'

/** Fault: policy_invalid; its field is `folder/file:LINE:COL` of the first problem, its detail lists them all. */
export async function loadModerationPolicy(file: string): Promise<ModerationPolicy> {
  const { bytes, name } = await readPolicyFile(file)
  return parseModerationPolicy(bytes, name)
}

/** The same for bytes at hand; `name` is what problems call the file. */
export function parseModerationPolicy(bytes: Uint8Array, name: string): ModerationPolicy {
  return readModerationPolicy(bytes, name).policy
}

/** The document too, as it is written. */
export function readModerationPolicy(
  bytes: Uint8Array,
  name: string,
): { document: PolicyDocument; policy: ModerationPolicy } {
  return parseDocumentOf(bytes, name, {
    schema: PolicySchema,
    // It is UTF-8 without a loss by now, or there would be no document.
    compile: (document, report) => ({
      document,
      policy: Object.freeze(compilePolicy(document, Buffer.from(bytes).toString('utf8'), report)),
    }),
  })
}
