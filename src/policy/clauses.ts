// From a category of the document to one that can be evaluated: conditions compiled, statements read, thresholds turned into bands.
// No clause refuses, holds or can be cited without a statement that says why; none is written that cannot be reached.
import { compileInput, compileOutput, type Names } from './conditions.ts'
import type { Path, Report } from './document.ts'
import type { Category, Clause, ImageRule, Stage, Thresholds } from './policy.ts'
import { flawsOfReach, type Step } from './reach.ts'
import type { CategoryDocument, ClauseDocument, ImageDocument } from './schema.ts'
import { compileStatement } from './statements.ts'
import { bandsOf, flawsOfThresholds } from './thresholds.ts'

/** What a category may refer to. `opens`: the contexts that a declared purpose opens. */
export type Known = Names & { readonly opens: (purpose: string) => readonly string[] }

/** Adds its clauses to `clauses`, whose ids are the policy's. */
export function compileCategory(
  category: CategoryDocument,
  path: Path,
  known: Known,
  clauses: Map<string, Clause>,
  report: Report,
): Category {
  const own = category.clauses.map((document, index) => {
    const at = [...path, 'clauses', index]
    const clause = compileClause(document, category, at, known, report)
    if (clauses.has(clause.id)) report([...at, 'id'], `clause "${clause.id}" exists already`)
    clauses.set(clause.id, clause)
    if (clause.output !== null && category.image === undefined)
      report([...at, 'output'], 'unreachable: no picture is scored in a category without `image`')
    return clause
  })
  for (const stage of ['input', 'output'] as const) checkReach(stage, own, path, known, report)
  return {
    id: category.id,
    name: category.name,
    severity: category.severity,
    shouldNot: category.should_not,
    can: category.can,
    image:
      category.image === undefined ? null : compileImage(category.image, category, [...path, 'image'], known, report),
    ignoreContexts: false,
    clauses: own,
  }
}

function checkReach(stage: Stage, clauses: readonly Clause[], path: Path, known: Known, report: Report): void {
  const places: number[] = []
  const steps = clauses.flatMap((clause, index): Step[] => {
    const rule = clause[stage]
    if (rule === null) return []
    places.push(index)
    return [{ clause: clause.id, action: rule.action, formula: rule.when.formula }]
  })
  for (const { step, reason } of flawsOfReach(steps, { purposes: [...known.purposes], opens: known.opens }))
    report([...path, 'clauses', places[step] ?? 0, stage, 'when'], reason)
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
  checkStatable(doc, category, path, report)
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

/** Whatever may refuse, hold or be cited has the facts to say so by. */
function checkStatable(
  { id, input, output, statement }: ClauseDocument,
  category: CategoryDocument,
  path: Path,
  report: Report,
) {
  const at = [...path, ...(statement ? ['statement'] : [])]
  const holdsPictures = input?.action === 'hold'
  const refusesPictures =
    (output !== undefined && output.action !== 'allow') || category.image?.clause === id || holdsPictures
  if (input !== undefined && input.action !== 'allow' && !holdsPictures && statement?.facts.input === undefined)
    report(at, 'its statement could not be filled: no facts for input')
  if (refusesPictures && statement?.facts.output === undefined)
    report(at, 'its statement could not be filled: no facts for output')
  if ((refusesPictures || statement?.facts.output !== undefined) && statement?.facts.review === undefined)
    report(at, 'a reviewer could not state what they found: no facts for review')
}

/** Where a category does not say by how much its classifiers may differ. */
const DISAGREE_FROM = 0.3

function compileImage(
  image: ImageDocument,
  category: CategoryDocument,
  path: Path,
  { contexts: known }: Names,
  report: Report,
): ImageRule {
  if (!category.clauses.some((clause) => clause.id === image.clause))
    report([...path, 'clause'], `"${image.clause}" is no clause of this category`)
  const thresholds = thresholdsOf(image, path, report)
  const contexts = (image.contexts ?? []).map((own, index, all) => {
    const at = [...path, 'contexts', index]
    if (!known.has(own.context)) report([...at, 'context'], `"${own.context}" is no context`)
    if (all.findIndex(({ context }) => context === own.context) !== index)
      report([...at, 'context'], `the context "${own.context}" stands here twice, and the first decides`)
    const inContext = thresholdsOf(own, at, report)
    return { context: own.context, thresholds: inContext, ...bandsOf(inContext) }
  })
  const { clause, required, loosest = {} } = image
  checkLoosest(loosest, thresholds, [...path, 'loosest'], report)
  const disagreeFrom = image.disagree === undefined ? DISAGREE_FROM : image.disagree
  return { clause, required, thresholds, ...bandsOf(thresholds), contexts, loosest, disagreeFrom }
}

function thresholdsOf(
  { hold, deny = undefined, margin }: { hold: number; deny?: number; margin: number },
  path: Path,
  report: Report,
): Thresholds {
  const thresholds = { hold, deny: deny === undefined ? null : deny, margin }
  for (const { key, reason } of flawsOfThresholds(thresholds)) report([...path, key], reason)
  return thresholds
}

function checkLoosest(loosest: ImageRule['loosest'], { hold, deny, margin }: Thresholds, path: Path, report: Report) {
  if (loosest.deny !== undefined && deny === null)
    return report([...path, 'deny'], 'no score denies by itself here, so there is nothing to loosen')
  for (const [key, own, bound] of [
    ['hold', hold, loosest.hold],
    ['deny', deny, loosest.deny],
  ] as const)
    if (own !== null && bound !== undefined && bound <= own)
      report(
        [...path, key],
        `the loosest ${key} (${bound}) is not above the category's own (${own}), so it loosens nothing`,
      )
  for (const { reason } of flawsOfThresholds({ hold: loosest.hold ?? hold, deny: loosest.deny ?? deny, margin }))
    report(path, `of the loosest thresholds: ${reason}`)
}
