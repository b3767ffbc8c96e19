// A CEL condition as a Boolean formula over atoms, so that conditions can be compared (reach.ts) and told (commands/policy-explain.ts).
// What is no combination of known atoms becomes a flag of its own, named by its source: it may be true or false independently of
// everything else, so whatever is proved of the formula holds for the condition too. Pure.
import type { ASTNode } from '@marcbachmann/cel-js'

export type Atom =
  /** Free: a list or context that is there or not, or an expression that is not read further. */
  | { readonly kind: 'flag'; readonly name: string; readonly context: string | null }
  | { readonly kind: 'text'; readonly variable: 'purpose' | 'tenant'; readonly value: string }
  | { readonly kind: 'score'; readonly category: string; readonly compare: Comparison; readonly bound: number }
export type Comparison = '<' | '<=' | '>' | '>=' | '==' | '!='
export type Formula =
  | { readonly op: 'constant'; readonly value: boolean }
  | { readonly op: 'atom'; readonly atom: Atom; readonly source: string }
  | { readonly op: 'not'; readonly of: Formula }
  | { readonly op: 'and' | 'or'; readonly of: readonly Formula[] }

export function formulaOf(node: ASTNode): Formula {
  switch (node.op) {
    case 'value':
      return typeof node.args === 'boolean' ? { op: 'constant', value: node.args } : flag(node)
    case '&&':
      return { op: 'and', of: node.args.map(formulaOf) }
    case '||':
      return { op: 'or', of: node.args.map(formulaOf) }
    case '!_':
      return { op: 'not', of: formulaOf(node.args) }
    case '?:': {
      const [test, yes, no] = node.args.map(formulaOf)
      if (test === undefined || yes === undefined || no === undefined) return flag(node)
      return {
        op: 'or',
        of: [
          { op: 'and', of: [test, yes] },
          { op: 'and', of: [{ op: 'not', of: test }, no] },
        ],
      }
    }
    case 'in':
      return membership(node, node.args)
    case '==':
    case '!=':
    case '<':
    case '<=':
    case '>':
    case '>=':
      return comparison(node, node.op, node.args)
    default:
      return flag(node)
  }
}

export function holds(formula: Formula, truth: (atom: Atom) => boolean): boolean {
  switch (formula.op) {
    case 'constant':
      return formula.value
    case 'atom':
      return truth(formula.atom)
    case 'not':
      return !holds(formula.of, truth)
    case 'and':
      return formula.of.every((part) => holds(part, truth))
    case 'or':
      return formula.of.some((part) => holds(part, truth))
    default:
      return formula satisfies never
  }
}

/** Every atom of a formula as it is written, each source once. */
export function atomsOf(formula: Formula): { atom: Atom; source: string }[] {
  const found = new Map<string, { atom: Atom; source: string }>()
  const visit = (one: Formula) => {
    if (one.op === 'atom') found.set(one.source, { atom: one.atom, source: one.source })
    else if (one.op === 'not') visit(one.of)
    else if (one.op !== 'constant') one.of.forEach(visit)
  }
  visit(formula)
  return [...found.values()]
}

export function compares(score: number, compare: Comparison, bound: number): boolean {
  switch (compare) {
    case '<':
      return score < bound
    case '<=':
      return score <= bound
    case '>':
      return score > bound
    case '>=':
      return score >= bound
    case '==':
      return score === bound
    case '!=':
      return score !== bound
    default:
      return compare satisfies never
  }
}

/** The dotted path that a node names, such as `prompt.matches`; null when it is no path. */
export function pathOf(node: ASTNode): string | null {
  if (node.op === 'id') return node.args
  if (node.op !== '.') return null
  const owner = pathOf(node.args[0])
  return owner === null ? null : `${owner}.${node.args[1]}`
}

const LISTS = ['prompt.matches', 'negative.matches', 'prompt.contexts']
const MIRRORED = { '<': '>', '<=': '>=', '>': '<', '>=': '<=', '==': '==', '!=': '!=' } as const

function membership(node: ASTNode, [left, right]: readonly [ASTNode, ASTNode]): Formula {
  const list = pathOf(right)
  const name = textIn(left)
  if (list !== null && LISTS.includes(list) && name !== null) {
    const context = list === 'prompt.contexts' ? name : null
    return { op: 'atom', atom: { kind: 'flag', name: `${list} ${name}`, context }, source: sourceOf(node) }
  }
  // Conditions may only name scores that every image carries.
  if (list === 'scores' && name !== null) return { op: 'constant', value: true }
  const variable = pathOf(left)
  if ((variable === 'purpose' || variable === 'tenant') && right.op === 'list') {
    const values = right.args.map(textIn)
    if (values.every((value) => value !== null))
      return { op: 'or', of: values.map((value) => textAtom(variable, value)) }
  }
  return flag(node)
}

function comparison(node: ASTNode, compare: Comparison, [left, right]: readonly [ASTNode, ASTNode]): Formula {
  if (left.op === 'value' && right.op !== 'value') return comparison(node, MIRRORED[compare], [right, left])
  const variable = pathOf(left)
  const text = textIn(right)
  if ((variable === 'purpose' || variable === 'tenant') && text !== null) {
    const same = textAtom(variable, text)
    if (compare === '==') return same
    if (compare === '!=') return { op: 'not', of: same }
  }
  const category = left.op === '[]' && pathOf(left.args[0]) === 'scores' ? textIn(left.args[1]) : null
  if (category === null || right.op !== 'value' || typeof right.args !== 'number') return flag(node)
  return { op: 'atom', atom: { kind: 'score', category, compare, bound: right.args }, source: sourceOf(node) }
}

function textAtom(variable: 'purpose' | 'tenant', value: string): Formula {
  return { op: 'atom', atom: { kind: 'text', variable, value }, source: `${variable} == ${JSON.stringify(value)}` }
}

function flag(node: ASTNode): Formula {
  const source = sourceOf(node)
  return { op: 'atom', atom: { kind: 'flag', name: source, context: null }, source }
}

function textIn(node: ASTNode): string | null {
  return node.op === 'value' && typeof node.args === 'string' ? node.args : null
}

function sourceOf({ input, range }: ASTNode): string {
  return input.slice(range.start, range.end).replace(/\s+/g, ' ').trim()
}
