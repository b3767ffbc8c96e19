// The statement of a clause: what it will say to whom it refuses, and the phrases a reviewer may choose from.
// Every place of a reviewer's template is a fixed one or a finding with a choice, and every finding is used: a person states facts
// by choosing, never by writing.
import type { Path, Report } from './document.ts'
import type { ClauseStatement } from './policy.ts'
import type { StatementDocument } from './schema.ts'
import { type FactsKind, isFixedPlace, readTemplate } from './template.ts'

const PHRASE = { fewest: 2, longest: 120, plain: /^[^{}\p{Cc}]+$/u } as const

export function compileStatement(statement: StatementDocument, path: Path, report: Report): ClauseStatement {
  const findings = Object.entries(statement.findings ?? {})
  const facts = (kind: FactsKind) => {
    const text = statement.facts[kind]
    const places = findings.map(([place]) => place)
    return text === undefined ? null : readTemplate(text, kind, places, (r) => report([...path, 'facts', kind], r))
  }
  for (const [key, text] of [
    ['ground', statement.ground],
    ['explanation', statement.explanation],
  ] as const)
    if (text.trim() === '') report([...path, key], 'its statement could not be filled: this is blank')
  const review = facts('review')
  const used = review?.parts.flatMap((part) => (typeof part === 'string' ? [] : [part.place])) ?? []
  for (const [place, phrases] of findings) {
    const at = [...path, 'findings', place]
    if (isFixedPlace(place)) report(at, `"${place}" is filled by the policy; give the finding another name`)
    else if (!used.includes(place)) report(at, `the finding "${place}" is used by no place of facts.review`)
    checkPhrases(phrases, at, report)
  }
  return {
    ground: statement.ground.trim(),
    explanation: statement.explanation.trim(),
    redress: statement.redress,
    facts: { input: facts('input'), output: facts('output'), review },
    findings: new Map(findings),
  }
}

function checkPhrases(phrases: readonly string[], path: Path, report: Report): void {
  if (phrases.length < PHRASE.fewest)
    report(path, `a finding has at least ${PHRASE.fewest} phrases, or there is nothing to choose`)
  for (const [index, phrase] of phrases.entries()) {
    const at = [...path, index]
    if (phrase.trim() !== phrase || !PHRASE.plain.test(phrase))
      report(at, 'a phrase is plain text in one line, without braces or space around it')
    if (phrase.length > PHRASE.longest) report(at, `a phrase has at most ${PHRASE.longest} characters`)
    if (phrases.indexOf(phrase) !== index) report(at, `"${phrase}" stands here twice`)
  }
}
