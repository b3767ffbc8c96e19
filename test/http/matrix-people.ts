// Who knocks, and at what: an actor, and a thing of the first tenant by the parameters of its paths.
import type { Role } from '../../src/tenant/roles.ts'

export type Actor = {
  name: string
  headers: Readonly<Record<string, string>>
  roles: readonly Role[]
  tenant: 'first' | 'second' | 'operator' | 'none'
  /** The answer to whatever is not public. */
  barred?: 401 | 403
  /** A browser that a page of another origin sends: it reads as its owner and acts as nobody. */
  foreign?: true
}

export type Params = Readonly<Record<string, string>>
export type Thing = {
  /** Whose it is; what is everybody's is nobody's secret. */
  of: 'first' | 'everybody'
  /** Kinds of it, the first of which its owner can read and act upon by this path. */
  kinds: (path: string) => Promise<Params[]>
}
