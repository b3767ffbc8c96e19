// The identity provider, as OpenID Connect has it: authorization code with PKCE, state and nonce, by the openid-client library,
// which nothing else imports. What the provider answers is trusted once its signature, issuer, audience, times and nonce are
// right. Whom that lets in is decided in sign-in.ts.
import { readFile } from 'node:fs/promises'
import * as client from 'openid-client'
import type { OidcConfig } from '../kernel/config/oidc.ts'
import { Fault } from '../kernel/fault.ts'

/** What the browser keeps while it is at the provider, in a cookie of its own. */
export type Attempt = { state: string; nonce: string; verifier: string; startedAt: Date }
export type Identity = {
  issuer: string
  subject: string
  name: string | null
  /** The values of the claim that roles are read from. */
  roleValues: readonly string[]
}
/** Why nobody was signed in: the provider cannot be reached; it said no; the code is used or too old; its answer is not sound. */
export type ProviderRefusal = { refused: 'unreachable' | 'declined' | 'again' | 'unsound'; code: string }

export type OidcProvider = {
  readonly begin: (redirectUri: string) => Promise<{ url: URL; attempt: Attempt } | ProviderRefusal>
  /** `callback`: the address to which the provider sent the browser. */
  readonly finish: (callback: URL, attempt: Attempt) => Promise<Identity | ProviderRefusal>
}

const TIMEOUT_SECONDS = 5
const METADATA_FRESH_MS = 3_600_000

/** Reads the client's secret; the provider itself is asked when somebody signs in. Fault: config_invalid. */
export async function openOidc(config: OidcConfig): Promise<OidcProvider> {
  const secret = await readSecret(config)
  let known: { at: number; configuration: client.Configuration } | null = null
  const configuration = async () => {
    if (known !== null && Date.now() - known.at < METADATA_FRESH_MS) return known.configuration
    const found = await discover(config, secret)
    known = { at: Date.now(), configuration: found }
    return found
  }
  return {
    begin: (redirectUri) => answered(async () => begin(await configuration(), config.scopes, redirectUri)),
    finish: (callback, attempt) =>
      answered(async () => finish(await configuration(), config.rolesClaim, callback, attempt)),
  }
}

function discover(config: OidcConfig, secret: string | null): Promise<client.Configuration> {
  const authentication = secret === null ? client.None() : client.ClientSecretBasic(secret)
  // A signature is checked even though the token came straight from the provider: an unsigned one names nobody.
  const execute = [client.enableNonRepudiationChecks]
  if (config.allowHttp) execute.push(client.allowInsecureRequests)
  return client.discovery(new URL(config.issuer), config.clientId, {}, authentication, {
    timeout: TIMEOUT_SECONDS,
    execute,
  })
}

async function begin(configuration: client.Configuration, scope: string, redirectUri: string) {
  const attempt = {
    state: client.randomState(),
    nonce: client.randomNonce(),
    verifier: client.randomPKCECodeVerifier(),
    startedAt: new Date(),
  }
  const url = client.buildAuthorizationUrl(configuration, {
    redirect_uri: redirectUri,
    scope,
    state: attempt.state,
    nonce: attempt.nonce,
    code_challenge: await client.calculatePKCECodeChallenge(attempt.verifier),
    code_challenge_method: 'S256',
  })
  return { url, attempt }
}

async function finish(
  configuration: client.Configuration,
  rolesClaim: string,
  callback: URL,
  { state, nonce, verifier }: Attempt,
): Promise<Identity> {
  const tokens = await client.authorizationCodeGrant(configuration, callback, {
    expectedState: state,
    expectedNonce: nonce,
    pkceCodeVerifier: verifier,
    idTokenExpected: true,
  })
  const claims = tokens.claims()
  if (claims === undefined) throw new TypeError('an id token was checked')
  // Some providers put groups only where a second question gets them.
  const more =
    claimAt(claims, rolesClaim) === undefined && configuration.serverMetadata().userinfo_endpoint !== undefined
      ? await client.fetchUserInfo(configuration, tokens.access_token, claims.sub)
      : claims
  const named = [more.name, claims.name, more.preferred_username].find(
    (name) => typeof name === 'string' && name !== '',
  )
  return {
    issuer: claims.iss,
    subject: claims.sub,
    name: typeof named === 'string' ? named : null,
    roleValues: textsOf(claimAt(more, rolesClaim)),
  }
}

/** A claim by its name, or by names divided by dots. */
function claimAt(claims: object, path: string): unknown {
  if (Object.hasOwn(claims, path)) return Reflect.get(claims, path)
  let value: unknown = claims
  for (const part of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined
    value = Reflect.get(value, part)
  }
  return value
}

function textsOf(value: unknown): string[] {
  const values: unknown[] = Array.isArray(value) ? value : [value]
  return values.filter((one) => typeof one === 'string')
}

async function answered<T>(ask: () => Promise<T>): Promise<T | ProviderRefusal> {
  try {
    return await ask()
  } catch (error) {
    return refusalOf(error)
  }
}

/** Only codes are kept: messages and causes of that library may carry claims and tokens. */
function refusalOf(error: unknown): ProviderRefusal {
  if (error instanceof client.AuthorizationResponseError) return { refused: 'declined', code: error.error }
  if (error instanceof client.ResponseBodyError)
    return error.status >= 500 || error.error === 'temporarily_unavailable'
      ? { refused: 'unreachable', code: error.error }
      : { refused: error.error === 'invalid_grant' ? 'again' : 'unsound', code: error.error }
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'none'
  const silent = ['OAUTH_TIMEOUT', 'OAUTH_ABORT', 'OAUTH_RESPONSE_IS_NOT_CONFORM', 'OAUTH_RESPONSE_IS_NOT_JSON']
  // fetch throws a TypeError without a code of its own when no connection is made.
  const unconnected = error instanceof TypeError && error.message === 'fetch failed'
  if (unconnected || silent.includes(code)) return { refused: 'unreachable', code }
  if (!(error instanceof client.ClientError) && code === 'none') throw error
  return { refused: 'unsound', code }
}

async function readSecret({ clientSecret, clientSecretFile: file }: OidcConfig): Promise<string | null> {
  if (file === null) return clientSecret
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new Fault('config_invalid', {
      field: 'DARKROOM_OIDC_CLIENT_SECRET_FILE',
      detail: `cannot read ${file}`,
      cause,
    })
  })
  if (text.trim() === '')
    throw new Fault('config_invalid', { field: 'DARKROOM_OIDC_CLIENT_SECRET_FILE', detail: `${file} is empty` })
  return text.trim()
}
