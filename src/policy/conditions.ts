// CEL conditions: compiled once, type-checked per stage, and read for the names they use.
// A condition that names a list, context, category or purpose that does not exist would never hold, so it does not load.
// One that fails while it runs throws: an error is never an "allow".
import { type ASTNode, Environment } from '@marcbachmann/cel-js'
import { Fault } from '../kernel/fault.ts'
import { formulaOf, pathOf } from './formula.ts'
import type { Condition, InputFeatures, OutputFeatures, Stage } from './policy.ts'

/** Every name that a condition may use. `scores`: the categories that every model's images carry. */
export type Names = {
  readonly lists: ReadonlySet<string>
  readonly contexts: ReadonlySet<string>
  readonly scores: ReadonlySet<string>
  readonly purposes: ReadonlySet<string>
}
type Used = { lists: Set<string>; variables: Set<string>; problems: string[] }
export type Compiled<Features> =
  | { readonly ok: true; readonly condition: Condition<Features> }
  | { readonly ok: false; readonly problems: readonly string[] }

const LIMITS = { maxAstNodes: 200, maxDepth: 24 }
const shared = (environment: Environment) =>
  environment.registerVariable('tenant', 'string').registerVariable('purpose', 'string')
const INPUT = shared(new Environment({ limits: LIMITS }))
  .registerVariable('prompt', { schema: { matches: 'list<string>', contexts: 'list<string>' } })
  .registerVariable('negative', { schema: { matches: 'list<string>' } })
const OUTPUT = shared(new Environment({ limits: LIMITS }))
  .registerVariable('prompt', { schema: { contexts: 'list<string>' } })
  .registerVariable('scores', 'map<string, double>')

export function compileInput(source: string, clause: string, names: Names): Compiled<InputFeatures> {
  return compile(INPUT, 'input', source, clause, names)
}

export function compileOutput(source: string, clause: string, names: Names): Compiled<OutputFeatures> {
  return compile(OUTPUT, 'output', source, clause, names)
}

function compile<Features extends object>(
  environment: Environment,
  stage: Stage,
  source: string,
  clause: string,
  names: Names,
): Compiled<Features> {
  const checked = environment.check(source)
  if (!checked.valid) return { ok: false, problems: [`CEL: ${firstLine(checked.error)}`] }
  if (checked.type !== 'bool') return { ok: false, problems: [`CEL: gives ${checked.type}, expected bool`] }
  const program = environment.parse(source)
  const used: Used = { lists: new Set(), variables: new Set(), problems: [] }
  inspect(program.ast, names, used)
  if (used.variables.size === 0) used.problems.push('CEL: depends on nothing, so it is always or never true')
  if (used.problems.length > 0) return { ok: false, problems: used.problems }
  const evaluate = (features: Features): boolean => {
    let value: unknown
    try {
      value = program({ ...features })
    } catch (cause) {
      throw new Fault('policy_invalid', { field: clause, detail: `the ${stage} condition of ${clause} failed`, cause })
    }
    if (typeof value === 'boolean') return value
    throw new Fault('policy_invalid', { field: clause, detail: `the ${stage} condition of ${clause} gave no boolean` })
  }
  return { ok: true, condition: { source, lists: [...used.lists], formula: formulaOf(program.ast), evaluate } }
}

/** Walks the syntax tree: collects what it uses, and checks each literal that stands for a name. */
function inspect(node: ASTNode, names: Names, used: Used): void {
  if (node.op === 'id' && ['prompt', 'negative', 'scores', 'tenant', 'purpose'].includes(node.args))
    used.variables.add(node.args)
  if (node.op === 'in') {
    const [left, right] = node.args
    const path = pathOf(right)
    if (path === 'prompt.matches' || path === 'negative.matches') checkName(left, names.lists, 'list', used, used.lists)
    if (path === 'prompt.contexts') checkName(left, names.contexts, 'context', used)
    if (pathOf(left) === 'purpose' && right.op === 'list')
      for (const one of right.args) checkName(one, names.purposes, 'purpose', used)
    if (path === 'scores') checkName(left, names.scores, 'category that every image is scored in', used)
  }
  if (node.op === '.' && pathOf(node.args[0]) === 'scores')
    used.problems.push('CEL: write scores["category"], so that it can be checked')
  if (node.op === '[]' && pathOf(node.args[0]) === 'scores')
    checkName(node.args[1], names.scores, 'category that every image is scored in', used)
  if (node.op === '==' || node.op === '!=') {
    const [left, right] = node.args
    if (pathOf(left) === 'purpose') checkName(right, names.purposes, 'purpose', used)
    if (pathOf(right) === 'purpose') checkName(left, names.purposes, 'purpose', used)
  }
  for (const child of childrenOf(node)) inspect(child, names, used)
}

function checkName(node: ASTNode, known: ReadonlySet<string>, what: string, used: Used, collect?: Set<string>) {
  if (node.op !== 'value' || typeof node.args !== 'string')
    used.problems.push(`CEL: write the ${what} as a text in quotes, so that it can be checked`)
  else if (!known.has(node.args)) used.problems.push(`CEL: "${node.args}" is no ${what}`)
  else collect?.add(node.args)
}

function childrenOf(node: ASTNode): ASTNode[] {
  const found: ASTNode[] = []
  const visit = (value: unknown) => {
    if (Array.isArray(value)) for (const part of value) visit(part)
    else if (isNode(value)) found.push(value)
  }
  visit(node.args)
  return found
}

function isNode(value: unknown): value is ASTNode {
  return typeof value === 'object' && value !== null && 'op' in value && 'args' in value && 'pos' in value
}

function firstLine(error: Error | undefined): string {
  return error?.message.split('\n', 1)[0] ?? 'does not compile'
}
