// From a well-shaped document to a policy: names resolved, phrases indexed, conditions compiled, templates read.
// Collects every problem instead of stopping at the first; a policy exists only when there is none.
// What makes a policy unsafe to load: duplicates, conditions that cannot hold, thresholds nobody can reach, and a
// clause that could refuse somebody without a statement that says why.
// What a clause needs is in clauses.ts; which clauses can be reached, in reach.ts.
import { sha256 } from '../kernel/canonical.ts'
import { compilePhrases, type PhraseSource } from './book.ts'
import { compileCategory, type Known } from './clauses.ts'
import type { Path, Report } from './document.ts'
import { foldText } from './fold.ts'
import { parsePhrase } from './phrases.ts'
import { type Category, type Clause, contextKey, listKey, type ModerationPolicy } from './policy.ts'
import type { PolicyDocument } from './schema.ts'

/** Compiles the document of `text`, telling `report` of every problem; the result is meaningless if there was one. */
export function compilePolicy(document: PolicyDocument, text: string, report: Report): ModerationPolicy {
  const known: Known = {
    opens: (purpose) =>
      Object.entries(document.contexts).flatMap(([id, { purposes }]) => (purposes.includes(purpose) ? [id] : [])),
    lists: new Set(Object.keys(document.lists)),
    contexts: new Set(Object.keys(document.contexts)),
    scores: new Set(document.categories.filter((c) => c.image?.required === true).map((c) => c.id)),
    purposes: new Set([...document.purposes, 'none']),
  }
  checkDocument(document, report)
  const sources = phraseSources(document, report)
  const clauses = new Map<string, Clause>()
  const categories = document.categories.map((category, index) =>
    compileCategory(category, ['categories', index], known, clauses, report),
  )
  for (const list of unusedLists(document, categories))
    report(['lists', list], `no condition uses the list "${list}": it would protect nobody`)
  return {
    id: document.id,
    version: document.version,
    digest: sha256(text),
    text,
    effective: document.effective,
    owner: document.owner,
    audience: document.audience,
    territory: document.territory,
    purposes: document.purposes,
    scope: document.statement.scope,
    duration: document.statement.duration,
    redress: {
      full: {
        appeal: document.statement.redress.full.appeal,
        outOfCourt: document.statement.redress.full.out_of_court,
        courts: document.statement.redress.full.courts,
      },
      restricted: document.statement.redress.restricted,
    },
    categories: categories.sort((a, b) => b.severity - a.severity),
    clauses,
    listNames: new Map(Object.entries(document.lists).map(([id, list]) => [id, list.name])),
    contexts: new Map(Object.entries(document.contexts).map(([id, { purposes }]) => [id, { purposes }])),
    phrases: compilePhrases(sources, {
      unmistakable: unmistakableWords(document, report),
      asWritten: Object.values(document.as_written ?? {}).flat(),
    }),
  }
}

function checkDocument(document: PolicyDocument, report: Report) {
  const date = new Date(`${document.effective}T00:00:00Z`)
  if (Number.isNaN(date.getTime()) || !date.toISOString().startsWith(document.effective))
    report(['effective'], `"${document.effective}" is no date`)
  unique(document.purposes, ['purposes'], 'purpose', report)
  if (document.purposes.includes('none')) report(['purposes'], '"none" means that no purpose was declared')
  unique(
    document.categories.map((c) => c.id),
    ['categories'],
    'category',
    report,
    ['id'],
  )
  unique(
    document.categories.map((c) => String(c.severity)),
    ['categories'],
    'severity',
    report,
    ['severity'],
  )
  for (const [id, context] of Object.entries(document.contexts))
    for (const [index, purpose] of context.purposes.entries())
      if (!document.purposes.includes(purpose))
        report(['contexts', id, 'purposes', index], `"${purpose}" is no purpose`)
}

function phraseSources(document: PolicyDocument, report: Report): PhraseSource[] {
  const sources: PhraseSource[] = []
  const read = (list: string, byLanguage: Record<string, string[]> | undefined, exception: boolean, path: Path) => {
    for (const [language, phrases] of Object.entries(byLanguage ?? {})) {
      const seen = new Set<string>()
      for (const [index, phrase] of phrases.entries()) {
        const at = [...path, language, index]
        if (seen.has(phrase)) report(at, `"${phrase}" stands here twice`)
        seen.add(phrase)
        const parsed = parsePhrase(phrase, (name) => groupOf(document, name, language))
        if (parsed.ok) sources.push({ list, language, exception, variants: parsed.variants })
        else report(at, `"${phrase}": ${parsed.reason}`)
      }
    }
  }
  for (const section of ['lists', 'contexts'] as const) {
    const key = section === 'lists' ? listKey : contextKey
    for (const [id, words] of Object.entries(document[section])) {
      read(key(id), words.phrases, false, [section, id, 'phrases'])
      read(key(id), words.except, true, [section, id, 'except'])
    }
  }
  return sources
}

/** A group's words in a language; in `mul`, in all of its languages together. */
function groupOf(document: PolicyDocument, name: string, language: string): readonly string[] | undefined {
  const group = document.words?.[name]
  return language === 'mul' && group !== undefined ? Object.values(group).flat() : group?.[language]
}

function unmistakableWords(document: PolicyDocument, report: Report): string[] {
  return Object.entries(document.unmistakable ?? {}).flatMap(([language, words]) =>
    words.map((word, index) => {
      const folded = foldText(word)
      if (!/^[\p{L}\p{M}]{6,20}$/u.test(folded))
        report(['unmistakable', language, index], `"${word}" is no word of 6 to 20 letters`)
      return folded
    }),
  )
}

function unusedLists(document: PolicyDocument, categories: readonly Category[]): string[] {
  const used = new Set(categories.flatMap((c) => c.clauses.flatMap((clause) => clause.input?.when.lists ?? [])))
  const broken = categories.some((c, i) =>
    c.clauses.some((clause, j) => document.categories[i]?.clauses[j]?.input !== undefined && clause.input === null),
  )
  return broken ? [] : Object.keys(document.lists).filter((list) => !used.has(list))
}

function unique(values: readonly string[], path: Path, what: string, report: Report, key: readonly string[] = []) {
  for (const [index, value] of values.entries())
    if (values.indexOf(value) !== index) report([...path, index, ...key], `${what} "${value}" stands here twice`)
}
