// From a well-shaped document to a policy: names resolved, phrases indexed, conditions compiled, templates read.
// Collects every problem instead of stopping at the first; a policy exists only when there is none.
// What makes a policy unsafe to load: duplicates, conditions that cannot hold, thresholds nobody can reach, and a
// clause that could refuse somebody without a statement that says why.
import { compilePhrases, type PhraseSource } from './book.ts'
import { compileInput, compileOutput, type Names } from './conditions.ts'
import type { Path, Report } from './document.ts'
import { foldText } from './fold.ts'
import { parsePhrase } from './phrases.ts'
import {
  type Category,
  type Clause,
  type ClauseStatement,
  contextKey,
  type ImageRule,
  listKey,
  type ModerationPolicy,
} from './policy.ts'
import type { CategoryDocument, ClauseDocument, PolicyDocument, StatementDocument } from './schema.ts'
import { readTemplate } from './template.ts'

/** Compiles `document`, telling `report` of every problem; the result is meaningless if there was one. */
export function compilePolicy(document: PolicyDocument, digest: string, report: Report): ModerationPolicy {
  const names: Names = {
    lists: new Set(Object.keys(document.lists)),
    contexts: new Set(Object.keys(document.contexts)),
    scores: new Set(document.categories.filter((c) => c.image?.required === true).map((c) => c.id)),
    purposes: new Set([...document.purposes, 'none']),
  }
  checkDocument(document, report)
  const sources = phraseSources(document, report)
  const clauses = new Map<string, Clause>()
  const categories = document.categories.map((category, index) =>
    compileCategory(category, ['categories', index], names, clauses, report),
  )
  for (const list of unusedLists(document, categories))
    report(['lists', list], `no condition uses the list "${list}": it would protect nobody`)
  return {
    id: document.id,
    version: document.version,
    digest,
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

function compileCategory(
  category: CategoryDocument,
  path: Path,
  names: Names,
  clauses: Map<string, Clause>,
  report: Report,
): Category {
  const own: Clause[] = []
  const conditions = new Map<string, string>()
  for (const [index, document] of category.clauses.entries()) {
    const at = [...path, 'clauses', index]
    const clause = compileClause(document, category, at, names, report)
    for (const stage of ['input', 'output'] as const) {
      const when = document[stage]?.when.replace(/\s+/g, ' ').trim()
      const twin = conditions.get(`${stage} ${when}`)
      if (when !== undefined && twin !== undefined)
        report([...at, stage, 'when'], `ambiguous: clause ${twin} has the same condition, so this one is never reached`)
      conditions.set(`${stage} ${when}`, document.id)
    }
    if (clauses.has(clause.id)) report([...at, 'id'], `clause "${clause.id}" exists already`)
    clauses.set(clause.id, clause)
    own.push(clause)
  }
  return {
    id: category.id,
    name: category.name,
    severity: category.severity,
    shouldNot: category.should_not,
    can: category.can,
    image: category.image === undefined ? null : compileImage(category.image, category, [...path, 'image'], report),
    clauses: own,
  }
}

function compileClause(
  doc: ClauseDocument,
  category: CategoryDocument,
  path: Path,
  names: Names,
  report: Report,
): Clause {
  const number = doc.id.startsWith(`${category.id}/`) ? doc.id.slice(category.id.length + 1) : ''
  if (!/^[1-9]\d*$/.test(number))
    report([...path, 'id'], `"${doc.id}" is no clause id of this category, such as ${category.id}/1`)
  const input = doc.input && compileInput(doc.input.when, doc.id, names)
  const output = doc.output && compileOutput(doc.output.when, doc.id, names)
  if (input?.ok === false) for (const problem of input.problems) report([...path, 'input', 'when'], problem)
  if (output?.ok === false) for (const problem of output.problems) report([...path, 'output', 'when'], problem)
  const refuses = { input: refusesAt(doc.input), output: refusesAt(doc.output) || category.image?.clause === doc.id }
  for (const stage of ['input', 'output'] as const)
    if (refuses[stage] && doc.statement?.facts[stage] === undefined)
      report(
        [...path, ...(doc.statement ? ['statement'] : [])],
        `its statement could not be filled: no facts for ${stage}`,
      )
  if (!doc.statement && !doc.input && !doc.output)
    report(path, 'a clause has a condition, or a statement to cite it by')
  return {
    id: doc.id,
    category: category.id,
    rule: doc.rule,
    input: doc.input && input?.ok ? { action: doc.input.action, when: input.condition } : null,
    output: doc.output && output?.ok ? { action: doc.output.action, when: output.condition } : null,
    statement: doc.statement ? compileStatement(doc.statement, [...path, 'statement'], report) : null,
  }
}

function refusesAt(rule: { action: string } | undefined): boolean {
  return rule !== undefined && rule.action !== 'allow'
}

function compileStatement(statement: StatementDocument, path: Path, report: Report): ClauseStatement {
  const facts = (stage: 'input' | 'output') => {
    const text = statement.facts[stage]
    return text === undefined ? null : readTemplate(text, stage, (r) => report([...path, 'facts', stage], r))
  }
  for (const [key, text] of [
    ['ground', statement.ground],
    ['explanation', statement.explanation],
  ] as const)
    if (text.trim() === '') report([...path, key], 'its statement could not be filled: this is blank')
  return {
    ground: statement.ground.trim(),
    explanation: statement.explanation.trim(),
    redress: statement.redress,
    facts: { input: facts('input'), output: facts('output') },
  }
}

function compileImage(
  image: NonNullable<CategoryDocument['image']>,
  category: CategoryDocument,
  path: Path,
  report: Report,
): ImageRule {
  if (!category.clauses.some((clause) => clause.id === image.clause))
    report([...path, 'clause'], `"${image.clause}" is no clause of this category`)
  const { hold, deny, margin } = image
  const nearHoldFrom = rounded(hold - margin)
  const denyFrom = deny === undefined ? null : rounded(deny + margin)
  if (deny !== undefined && hold >= deny)
    report([...path, 'deny'], `unreachable: hold (${hold}) is not below deny (${deny})`)
  else if (deny !== undefined && rounded(hold + margin) > rounded(deny - margin))
    report([...path, 'margin'], `ambiguous: the margins about hold (${hold}) and deny (${deny}) overlap`)
  if (nearHoldFrom <= 0) report([...path, 'hold'], `hold less margin is ${nearHoldFrom}: every image would be held`)
  if (rounded(hold + margin) > 1) report([...path, 'hold'], 'unreachable: hold plus margin is over 1')
  if (denyFrom !== null && denyFrom > 1) report([...path, 'deny'], `unreachable: deny plus margin is ${denyFrom}`)
  return {
    clause: image.clause,
    required: image.required,
    nearHoldFrom,
    holdFrom: rounded(hold + margin),
    nearDenyFrom: deny === undefined ? null : rounded(deny - margin),
    denyFrom,
  }
}

/** So that 0.8 + 0.03 is 0.83 and a score of exactly 0.83 is on the side that the policy says. */
function rounded(threshold: number): number {
  return Math.round(threshold * 1e6) / 1e6
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
