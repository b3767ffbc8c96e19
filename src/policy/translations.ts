// What the policy says to a person, in other languages: one file each in `translations/` beside the policy, from the sentence as
// the policy has it to its translation. Templates are translated with their places, and filled afterwards. A sentence that has no
// translation is shown as it is; a translation of what the policy does not say is a mistake, and refuses the file as a whole.
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import Type from 'typebox'
import { Fault } from '../kernel/fault.ts'
import { parseDocumentOf, readPolicyFile } from './document.ts'
import type { ModerationPolicy, Template } from './policy.ts'
import type { ReviewRules } from './review-rules.ts'

/** Of one language: from the policy's own sentence. */
export type Sentences = ReadonlyMap<string, string>
/** By language, as BCP 47 names it. */
export type Translations = ReadonlyMap<string, Sentences>

const FILE = /^([a-z]{2,3})\.yaml$/
const TranslationSchema = Type.Object(
  { sentences: Type.Record(Type.String(), Type.String({ minLength: 1, maxLength: 4000 })) },
  { additionalProperties: false },
)

/** Reads every file of a folder, of the sentences of `sentencesOf`; none where there is no folder. Fault: policy_invalid. */
export async function loadTranslations(folder: string, known: ReadonlySet<string>): Promise<Translations> {
  const found = new Map<string, Sentences>()
  for (const name of await filesOf(folder)) {
    const [, language] = FILE.exec(name) ?? []
    const file = await readPolicyFile(join(folder, name))
    if (language === undefined)
      throw new Fault('policy_invalid', {
        field: file.name,
        detail: `${file.name}: a translation is called by its language, such as de.yaml`,
      })
    found.set(language, parseTranslation(file.bytes, file.name, known))
  }
  return found
}

export function parseTranslation(bytes: Uint8Array, name: string, known: ReadonlySet<string>): Sentences {
  return parseDocumentOf(bytes, name, {
    schema: TranslationSchema,
    compile: ({ sentences }, report) => {
      for (const [sentence, translation] of Object.entries(sentences)) {
        const at = ['sentences', sentence]
        if (!known.has(sentence)) report(at, `the policy has no sentence "${sentence}"`)
        else if (translation.trim() === '') report(at, `the translation of "${sentence}" is blank`)
        else if (placesIn(translation) !== placesIn(sentence))
          report(at, `the translation of "${sentence}" has not the same places: ${placesIn(sentence) || 'none'}`)
      }
      return new Map(Object.entries(sentences))
    },
  })
}

/** Every sentence, phrase and template that a statement of reasons or an answer may show to a person. */
export function sentencesOf(policy: ModerationPolicy, rules: ReviewRules): ReadonlySet<string> {
  const { audience, scope, duration, redress, purposes, categories, listNames } = policy
  const textOf = (template: Template | null) => (template === null ? [] : [template.text])
  const clauses = [...policy.clauses.values()].flatMap(({ rule, statement }) => {
    if (statement === null) return []
    const { ground, explanation, facts, findings } = statement
    const templates = [facts.input, facts.output, facts.review].flatMap(textOf)
    return [rule, ground, explanation, ...templates, ...[...findings.values()].flat()]
  })
  const { appeal, outOfCourt, courts } = redress.full
  return new Set([
    ...[audience, scope, duration.input, duration.output, appeal, outOfCourt, courts, redress.restricted],
    ...purposes,
    ...categories.map(({ name }) => name),
    ...listNames.values(),
    ...clauses,
    ...rules.allowReasons.values(),
    ...rules.omitReasons.values(),
    ...Object.values(rules.answers).flatMap(textOf),
  ])
}

function placesIn(text: string): string {
  return [...new Set(text.match(/\{\w+\}/g))].sort().join(', ')
}

async function filesOf(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).filter((name) => name.endsWith('.yaml')).sort()
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return []
    throw new Fault('policy_invalid', { field: folder, detail: `${folder}: cannot be read`, cause })
  }
}
