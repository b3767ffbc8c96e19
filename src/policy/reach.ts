// Which clauses of a category can be reached at a stage. The first condition that holds decides, so a condition that is never or always
// true, or that earlier clauses cover, is a rule that somebody wrote and nobody is held to. Every combination of what the conditions
// ask for is tried: words and contexts that are there or not, one purpose, one tenant, scores below, at and above each bound.
// Pure; compile.ts reports what is found with its line.
import { type Atom, atomsOf, compares, type Formula, holds } from './formula.ts'

/** One clause's rule at the stage, in the order of the category. */
export type Step = { readonly clause: string; readonly action: string; readonly formula: Formula }
export type Flaw = { readonly step: number; readonly reason: string }
/** What is known of the world beyond the conditions. */
export type Known = {
  readonly purposes: readonly string[]
  /** The contexts that a declared purpose opens. */
  readonly opens: (purpose: string) => readonly string[]
}

export const MOST_COMBINATIONS = 2 ** 14
const ANOTHER = '\0another tenant'

type Value = boolean | number | string
type Variable = { readonly key: string; readonly values: readonly Value[] }
type World = ReadonlyMap<string, Value>

/** Every flaw of the steps; none when each of them can decide something. */
export function flawsOfReach(steps: readonly Step[], known: Known): Flaw[] {
  const atoms = steps.flatMap(({ formula }) => atomsOf(formula).map(({ atom }) => atom))
  const variables = variablesOf(atoms, known)
  const combinations = variables.reduce((product, { values }) => product * values.length, 1)
  if (combinations > MOST_COMBINATIONS)
    return [
      {
        step: steps.length - 1,
        reason: `the conditions of this category have ${combinations} combinations, and at most ${MOST_COMBINATIONS} can be checked: name less in them`,
      },
    ]
  const worlds = [...worldsOf(variables)].filter((world) => isPossible(world, atoms, known))
  const table = steps.map(({ formula }) => worlds.map((world) => holds(formula, (atom) => isTrue(atom, world))))
  const flaws = steps.flatMap((_, step) => {
    const reason = whyUseless(steps, table, step)
    return reason === null ? [] : [{ step, reason }]
  })
  return [...flaws, ...hidingAllows(steps, table)]
}

type Table = readonly (readonly boolean[])[]

function whyUseless(steps: readonly Step[], table: Table, step: number): string | null {
  const own = table[step] ?? []
  if (!own.includes(true)) return 'unreachable: this condition is never true'
  if (!own.includes(false)) return 'ambiguous: this condition is always true, so it is none'
  const earlier = table.slice(0, step)
  const twin = earlier.findIndex((row) => row.every((value, world) => value === own[world]))
  if (twin >= 0) return `ambiguous: clause ${steps[twin]?.clause} has the same condition, so this one is never reached`
  if (isReached(own, earlier)) return null
  const alone = earlier.findIndex((row) => !isReached(own, [row]))
  const covering = alone >= 0 ? [alone] : [...earlier.keys()].filter((row) => overlaps(own, earlier[row] ?? []))
  const names = covering.map((row) => steps[row]?.clause).join(', ')
  return `unreachable: whenever this holds, an earlier clause has decided (${names})`
}

/** An `allow` ends its category: one that covers all that comes after it switches those clauses off. */
function hidingAllows(steps: readonly Step[], table: Table): Flaw[] {
  return steps.flatMap(({ action }, step) => {
    const after = table.slice(step + 1)
    const before = table.slice(0, step)
    if (action !== 'allow' || after.length === 0) return []
    const reachable = after.filter((row) => isReached(row, before))
    const hides = reachable.length > 0 && reachable.every((row) => !isReached(row, [...before, table[step] ?? []]))
    const names = steps.slice(step + 1).map(({ clause }) => clause)
    return hides ? [{ step, reason: `unreachable: this allow hides every clause after it (${names.join(', ')})` }] : []
  })
}

function isReached(row: readonly boolean[], earlier: Table): boolean {
  return row.some((value, world) => value && !earlier.some((other) => other[world] === true))
}

function overlaps(row: readonly boolean[], other: readonly boolean[]): boolean {
  return row.some((value, world) => value && other[world] === true)
}

function variablesOf(atoms: readonly Atom[], { purposes }: Known): Variable[] {
  const values = new Map<string, Set<Value>>()
  const among = (key: string, more: readonly Value[]) => values.set(key, new Set([...(values.get(key) ?? []), ...more]))
  for (const atom of atoms)
    switch (atom.kind) {
      case 'flag':
        among(keyOf(atom), [false, true])
        break
      case 'text':
        among(keyOf(atom), atom.variable === 'purpose' ? purposes : [atom.value, ANOTHER])
        break
      case 'score':
        among(keyOf(atom), [atom.bound])
        break
      default:
        atom satisfies never
    }
  return [...values].map(([key, found]) => {
    const bounds = [...found].filter((value) => typeof value === 'number')
    return { key, values: bounds.length > 0 ? samples(bounds) : [...found] }
  })
}

/** Scores in [0, 1] at each bound, between any two neighbours, and at both ends. */
function samples(bounds: readonly number[]): number[] {
  const marks = [...new Set([0, ...bounds, 1])].filter((mark) => mark >= 0 && mark <= 1).sort((a, b) => a - b)
  return marks.flatMap((mark, at) => {
    const next = marks[at + 1]
    return next === undefined ? [mark] : [mark, (mark + next) / 2]
  })
}

function* worldsOf(variables: readonly Variable[], at = 0, world: World = new Map()): Generator<World> {
  const variable = variables[at]
  if (variable === undefined) {
    yield world
    return
  }
  for (const value of variable.values) yield* worldsOf(variables, at + 1, new Map(world).set(variable.key, value))
}

/** A declared purpose opens its contexts, so it is never declared without them. */
function isPossible(world: World, atoms: readonly Atom[], known: Known): boolean {
  const purpose = world.get('purpose')
  if (typeof purpose !== 'string') return true
  const opened = known.opens(purpose)
  return atoms.every(
    (atom) =>
      atom.kind !== 'flag' ||
      atom.context === null ||
      !opened.includes(atom.context) ||
      world.get(keyOf(atom)) === true,
  )
}

function isTrue(atom: Atom, world: World): boolean {
  const value = world.get(keyOf(atom))
  switch (atom.kind) {
    case 'flag':
      return value === true
    case 'text':
      return value === atom.value
    case 'score':
      return typeof value === 'number' && compares(value, atom.compare, atom.bound)
    default:
      return atom satisfies never
  }
}

function keyOf(atom: Atom): string {
  switch (atom.kind) {
    case 'flag':
      return `flag ${atom.name}`
    case 'text':
      return atom.variable
    case 'score':
      return `score ${atom.category}`
    default:
      return atom satisfies never
  }
}
