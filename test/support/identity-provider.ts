// A real identity provider (oidc-provider) on this machine, and a false one whose tokens a test writes itself. Both listen on
// `localhost`, which to a browser is another site than 127.0.0.1, where the service is.
import { createHmac, generateKeyPairSync, sign as signBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import Provider from 'oidc-provider'
import { freePort } from './services.ts'

export const CLIENT = { id: 'darkroom', secret: 'a secret of the client, long enough to be one' }

export type Account = { sub: string; name: string; groups: string[] }

const pair = generateKeyPairSync('rsa', { modulusLength: 2048 })
const jwk = { ...pair.privateKey.export({ format: 'jwk' }), kid: 'one', alg: 'RS256', use: 'sig' }

/** Signs in whoever `account` is, without asking. `redirectUri` is set once the service's port is known. */
export async function openIdentityProvider(account: Account) {
  const port = await freePort()
  const issuer = `http://localhost:${port}`
  const state = { account, declines: false }
  let answer: RequestListener = (_request, response) => response.writeHead(503).end()
  const server = createServer((request, response) => answer(request, response))
  await listen(server, port)
  return {
    issuer,
    state,
    serve: (redirectUri: string) => {
      answer = provider(issuer, redirectUri, state)
    },
    stop: () => close(server),
    [Symbol.asyncDispose]: () => close(server),
  }
}

function provider(
  issuer: string,
  redirectUri: string,
  state: { account: Account; declines: boolean },
): RequestListener {
  const oidc: Provider = new Provider(issuer, {
    clients: [
      {
        client_id: CLIENT.id,
        client_secret: CLIENT.secret,
        redirect_uris: [redirectUri],
        response_types: ['code'],
        grant_types: ['authorization_code'],
        token_endpoint_auth_method: 'client_secret_basic',
      },
    ],
    jwks: { keys: [jwk] },
    cookies: { keys: ['a key for cookies of a test'] },
    claims: { openid: ['sub'], profile: ['name', 'groups'] },
    pkce: { required: () => true },
    features: { devInteractions: { enabled: false } },
    interactions: { url: (_context, interaction) => `/interaction/${interaction.uid}` },
    findAccount: (_context, sub) => ({
      accountId: sub,
      claims: () => ({ sub, name: state.account.name, groups: state.account.groups }),
    }),
    loadExistingGrant: async ({ oidc: { client, session } }) => {
      const grant = new oidc.Grant({ clientId: client?.clientId ?? '', accountId: session?.accountId ?? '' })
      grant.addOIDCScope('openid profile')
      await grant.save()
      return grant
    },
    ttl: { AccessToken: 60, AuthorizationCode: 60, Grant: 60, IdToken: 60, Interaction: 60, Session: 60 },
  })
  const rest = oidc.callback()
  return (request, response) => {
    if (request.url?.startsWith('/interaction/') !== true) return void rest(request, response)
    const result = state.declines ? { error: 'access_denied' } : { login: { accountId: state.account.sub } }
    void oidc.interactionFinished(request, response, result, { mergeWithLastSubmission: false })
  }
}

export type Forgery = { header?: object; claims?: object; key?: 'ours' | 'theirs' | 'none' | 'client_secret' }

/** A provider whose id token is what `forge` says: right in everything else. */
export async function openFalseProvider() {
  const port = await freePort()
  const issuer = `http://localhost:${port}`
  const state: { forgery: Forgery; nonce: string; status: number } = { forgery: {}, nonce: '', status: 200 }
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', issuer)
    const send = (body: object, status = 200) => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    }
    if (url.pathname === '/.well-known/openid-configuration') return send(metadata(issuer))
    if (url.pathname === '/jwks') {
      const { kty, n, e } = pair.publicKey.export({ format: 'jwk' })
      return send({ keys: [{ kty, n, e, kid: 'one', alg: 'RS256', use: 'sig' }] })
    }
    if (url.pathname !== '/token') return send({}, 404)
    void drain(request).then(() => {
      const id_token = forge(issuer, state.nonce, state.forgery)
      const tokens = { access_token: 'opaque', token_type: 'Bearer', expires_in: 60, id_token }
      return state.status === 200 ? send(tokens) : send({ error: 'server_error' }, state.status)
    })
  })
  await listen(server, port)
  return { issuer, state, [Symbol.asyncDispose]: () => close(server) }
}

function metadata(issuer: string) {
  return {
    issuer,
    authorization_endpoint: `${issuer}/auth`,
    token_endpoint: `${issuer}/token`,
    jwks_uri: `${issuer}/jwks`,
    response_types_supported: ['code'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['RS256'],
  }
}

function forge(issuer: string, nonce: string, { header = {}, claims = {}, key = 'ours' }: Forgery): string {
  const now = Math.floor(Date.now() / 1000)
  const usual = { iss: issuer, aud: CLIENT.id, sub: 'forged', nonce, iat: now, exp: now + 60, groups: ['reviewers'] }
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const text = `${part({ alg: 'RS256', kid: 'one', ...header })}.${part({ ...usual, ...claims })}`
  if (key === 'none') return `${text}.`
  if (key === 'client_secret') return `${text}.${createHmac('sha256', CLIENT.secret).update(text).digest('base64url')}`
  const { privateKey } = key === 'ours' ? pair : generateKeyPairSync('rsa', { modulusLength: 2048 })
  return `${text}.${signBytes('sha256', Buffer.from(text), privateKey).toString('base64url')}`
}

async function drain(request: IncomingMessage): Promise<void> {
  request.resume()
  await once(request, 'end')
}

async function listen(server: Server, port: number): Promise<void> {
  server.listen(port, 'localhost')
  await once(server, 'listening')
}

async function close(server: Server): Promise<void> {
  server.closeAllConnections()
  if (server.listening) await new Promise((resolve) => server.close(resolve))
}
