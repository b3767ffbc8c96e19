// Sign-in by an OpenID Connect provider: off unless DARKROOM_OIDC_ISSUER is set. The client's secret is named by its file or
// given as such, never both. Plain http is for an issuer on this very machine, and only when it is asked for.
import type { Reader } from './reader.ts'

export type OidcConfig = {
  readonly issuer: string
  readonly clientId: string
  /** Null, both of them: a public client, which PKCE alone protects. */
  readonly clientSecret: string | null
  readonly clientSecretFile: string | null
  readonly scopes: string
  /** Where in the claims the roles are: a name, or names divided by dots. */
  readonly rolesClaim: string
  /** Values of that claim and the roles they give. Empty: only people whom an administrator linked may sign in. */
  readonly roleMap: readonly { readonly value: string; readonly role: string }[]
  /** Whose people sign in; null: the operator's. */
  readonly tenant: string | null
  readonly allowHttp: boolean
}

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/
const REST = ['_CLIENT_ID', '_CLIENT_SECRET', '_CLIENT_SECRET_FILE', '_ROLE_MAP', '_TENANT'] as const

export function readOidc({ problems, text, optional, list, boolean, url }: Reader): OidcConfig | null {
  const issuer = url('DARKROOM_OIDC_ISSUER', ['https:', 'http:'])
  const clientId = optional('DARKROOM_OIDC_CLIENT_ID')
  const allowHttp = boolean('DARKROOM_OIDC_ALLOW_HTTP', false)
  const config = {
    clientSecret: optional('DARKROOM_OIDC_CLIENT_SECRET'),
    clientSecretFile: optional('DARKROOM_OIDC_CLIENT_SECRET_FILE'),
    scopes: text('DARKROOM_OIDC_SCOPES', 'openid profile'),
    rolesClaim: text('DARKROOM_OIDC_ROLES_CLAIM', 'groups'),
    roleMap: list('DARKROOM_OIDC_ROLE_MAP').flatMap((pair) => {
      const at = pair.lastIndexOf('=')
      if (at > 0 && at < pair.length - 1) return [{ value: pair.slice(0, at).trim(), role: pair.slice(at + 1).trim() }]
      problems.push('DARKROOM_OIDC_ROLE_MAP: expected pairs such as picture-reviewers=reviewer, divided by commas')
      return []
    }),
    tenant: optional('DARKROOM_OIDC_TENANT'),
    allowHttp,
  }
  if (issuer === null) {
    const given = [clientId, config.clientSecret, config.clientSecretFile, config.roleMap[0], config.tenant]
    const lone = REST.filter((_, index) => (given[index] ?? null) !== null)
    for (const name of lone) problems.push(`DARKROOM_OIDC${name}: needs DARKROOM_OIDC_ISSUER too`)
    return null
  }
  const { protocol, hostname } = new URL(issuer)
  if (protocol === 'http:' && !(allowHttp && LOOPBACK.test(hostname)))
    problems.push(
      'DARKROOM_OIDC_ISSUER: expected https (http only on this machine, with DARKROOM_OIDC_ALLOW_HTTP=true)',
    )
  if (clientId === null) problems.push('DARKROOM_OIDC_CLIENT_ID: is needed with DARKROOM_OIDC_ISSUER')
  if (config.clientSecret !== null && config.clientSecretFile !== null)
    problems.push('DARKROOM_OIDC_CLIENT_SECRET, DARKROOM_OIDC_CLIENT_SECRET_FILE: set one of them')
  if (!config.scopes.split(' ').includes('openid'))
    problems.push('DARKROOM_OIDC_SCOPES: expected scopes divided by spaces, openid among them')
  return { issuer, clientId: clientId ?? '', ...config }
}
