// Tries routes by everybody and says what was answered otherwise than the documented access promises: nobody 401, a wrong role 403,
// another tenant's thing 404 exactly as one that does not exist, and the right ones are let in.
import type { Access } from '../../src/http/access.ts'
import type { Cast } from './matrix-cast.ts'
import type { Actor, Params, Thing } from './matrix-people.ts'
import type { Route } from './matrix-routes.ts'

/** `in`: answered as asked. `open`: public, whoever asks. */
type Expected = 401 | 403 | 404 | 409 | 'in' | 'open'
export type Cell = { route: string; actor: string; expected: Expected; status: number; complaint: string | null }
type Answer = { status: number; headers: Headers; text: string }

/** A route may still refuse somebody whom its access lets in: by route, then by actor. */
export type Exceptions = Readonly<Record<string, Readonly<Record<string, 401 | 403 | 404 | 409>>>>

/** These tell those who run the desk which customers there are, and nothing of what they made. */
const NAMES_CUSTOMERS = new Set(['GET /v1/review/routing'])

const isReading = (method: string) => method === 'GET' || method === 'HEAD'

/** The answer that the documented access promises. */
export function expectedOf(
  { method, access }: Pick<Route, 'method' | 'access'>,
  actor: Actor,
  of: Thing['of'],
): Expected {
  if (access === 'public' || access === 'optional') return 'open'
  if (actor.barred !== undefined) return actor.barred
  if (actor.foreign === true && !isReading(method)) return 403
  if (!mayCall(access, actor)) return 403
  const theirs = of === 'first' && actor.tenant !== 'first' && !actor.roles.includes('admin')
  return theirs ? 404 : 'in'
}

function mayCall(access: Exclude<Access, 'public' | 'optional'>, { roles }: Actor): boolean {
  // The cast bears no secret.
  if (access === 'bearer') return roles.includes('client')
  return access === 'caller' || roles.some((role) => access.includes(role))
}

/** All that must be refused first, which must leave no trace: `unchanged` is asked in between. */
export async function tryEverybody(
  cast: Cast,
  routes: readonly Route[],
  { exceptions = {}, unchanged = async () => '' }: { exceptions?: Exceptions; unchanged?: () => Promise<string> } = {},
): Promise<Cell[]> {
  const pairs = routes.flatMap((route) => {
    const thing = thingOf(cast, route.path)
    return cast.actors.map((actor) => {
      const expected = exceptions[route.name]?.[actor.name] ?? expectedOf(route, actor, thing?.of ?? 'everybody')
      return { route, thing, actor, expected }
    })
  })
  const kinds = new Map<string, Params[]>()
  for (const { route, thing } of pairs)
    if (thing !== null && !kinds.has(route.path)) kinds.set(route.path, await thing.kinds(route.path))
  const cells: Cell[] = []
  const before = await unchanged()
  for (const { route, actor, expected } of pairs)
    if (typeof expected === 'number')
      cells.push(await tryRefused(cast, route, actor, expected, kinds.get(route.path) ?? [{}]))
  const after = await unchanged()
  if (before !== after)
    cells.push({ route: '*', actor: '*', expected: 403, status: 0, complaint: `refusals changed ${after}` })
  for (const { route, thing, actor, expected } of pairs)
    if (typeof expected === 'string') {
      const own = isReading(route.method) || thing === null ? kinds.get(route.path) : await thing.kinds(route.path)
      cells.push(await tryLetIn(cast, route, actor, expected, own ?? [{}]))
    }
  return cells
}

/** Null where the path names nothing. Throws for a parameter that no thing is known for. */
function thingOf({ things }: Cast, path: string): Thing | null {
  const named = /^.*(:\w+|\*)/.exec(path)?.[0]
  if (named === undefined) return null
  const thing = things[named]
  if (thing === undefined) throw new Error(`matrix-cast.ts knows no thing for ${named}: add one`)
  return thing
}

async function tryRefused(
  cast: Cast,
  route: Route,
  actor: Actor,
  expected: Extract<Expected, number>,
  kinds: readonly Params[],
): Promise<Cell> {
  const cell = { route: route.name, actor: actor.name, expected }
  let status = 0
  for (const params of kinds) {
    const answer = await ask(cast, route, actor, params)
    status = answer.status
    if (status !== expected) return { ...cell, status, complaint: `${status} instead of ${expected}` }
    const told = [...cast.made].find((id) => answer.text.includes(id))
    if (told !== undefined) return { ...cell, status, complaint: `tells of ${told}` }
    if (expected !== 404) continue
    const absent = await ask(cast, route, actor, nowhere(params))
    if (shapeOf(answer) !== shapeOf(absent))
      return { ...cell, status, complaint: `differs from what does not exist: ${shapeOf(answer)} ${shapeOf(absent)}` }
  }
  return { ...cell, status, complaint: null }
}

async function tryLetIn(
  cast: Cast,
  route: Route,
  actor: Actor,
  expected: 'in' | 'open',
  kinds: readonly Params[],
): Promise<Cell> {
  const cell = { route: route.name, actor: actor.name, expected }
  const statuses: number[] = []
  for (const params of isReading(route.method) ? kinds : kinds.slice(0, 1)) {
    const { status, text } = await ask(cast, route, actor, params)
    statuses.push(status)
    const [first = 0] = statuses
    const fine = statuses.length === 1 ? status < 400 : status < 500 && ![401, 403, 404].includes(status)
    if (!fine) return { ...cell, status: first, complaint: `${status} for its owner: ${text.slice(0, 200)}` }
    const stranger = actor.tenant !== 'first' && !seesAll(route, actor)
    const known = (id: string) =>
      Object.values(params).includes(id) || (id.startsWith('ten_') && NAMES_CUSTOMERS.has(route.name))
    const told = [...cast.made].find((id) => text.includes(id) && !known(id))
    if (stranger && told !== undefined) return { ...cell, status: first, complaint: `tells of ${told}` }
  }
  return { ...cell, status: statuses[0] ?? 0, complaint: null }
}

/** The operator's administrators; and compliance, where a route is for it alone, or for both alone. */
function seesAll({ access }: Route, { roles }: Actor): boolean {
  const forCompliance = ['compliance', 'compliance,admin'].includes(String(access))
  return roles.includes('admin') || (forCompliance && roles.includes('compliance'))
}

async function ask({ service, bodies, queries }: Cast, route: Route, actor: Actor, params: Params): Promise<Answer> {
  const path = Object.entries(params).reduce(
    (text, [name, value]) => text.replace(name === '*' ? '*' : `:${name}`, value),
    route.path,
  )
  const { headers: more, ...init } = bodies[route.name]?.(actor, params) ?? {}
  const headers = { ...Object(more), ...actor.headers }
  const response = await service.call(`${path}${queries[route.name] ?? queries[route.path] ?? ''}`, {
    ...init,
    method: route.method,
    as: null,
    headers,
  })
  const { status } = response
  // A stream goes on until its generation ends.
  const streams = response.headers.get('content-type')?.startsWith('text/event-stream') === true
  if (streams) await response.body?.cancel()
  return { status, headers: response.headers, text: streams ? '' : await response.text() }
}

/** Another of the same form, which nobody has. */
function nowhere(params: Params): Params {
  const turn = (id: string) => id.slice(0, -4) + (id.endsWith('0000') ? '1111' : '0000')
  return Object.fromEntries(Object.entries(params).map(([name, value]) => [name, name === 'id' ? turn(value) : value]))
}

/** An answer without what is each answer's own. */
function shapeOf({ status, headers, text }: Answer): string {
  const own = headers.get('x-request-id') ?? '?'
  return JSON.stringify([status, [...headers.keys()].sort(), text.replaceAll(own, 'instance')])
}

/** One line a route, one column an actor; what was wrong is marked. */
export function drawMatrix(cells: readonly Cell[], actors: readonly Actor[]): string {
  const routes = [...new Set(cells.map(({ route }) => route))]
  const width = Math.max(...routes.map((route) => route.length))
  const lines = routes.map((route) => {
    const row = actors.map(({ name }) => {
      const cell = cells.find((one) => one.route === route && one.actor === name)
      return `${cell?.status ?? ''}${cell?.complaint === null ? '' : '!'}`.padEnd(4)
    })
    return `${route.padEnd(width)} ${row.join(' ')}`
  })
  const legend = actors.map(({ name }, at) => `${at + 1} ${name}`).join(', ')
  const head = `${''.padEnd(width)} ${actors.map((_, at) => String(at + 1).padEnd(4)).join(' ')}`
  return [legend, head, ...lines].join('\n')
}
