// `darkroom keys`: lists, makes, rotates and revokes keys through a service's API with an administrator's key, or makes a new
// administrator's key in the database itself when all were lost. A key is printed once, on a terminal or where that was asked for,
// or written to a file for its owner alone; where it would go is settled before it is made.
import { open, rm } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { type Config, readConfig } from '../kernel/config.ts'
import { openDatabase } from '../kernel/database.ts'
import { Fault, isFault } from '../kernel/fault.ts'
import { lockHome } from '../kernel/home-lock.ts'
import { recoverAdmin } from '../tenant/bootstrap.ts'
import { type Api, textOf, withApi } from './admin-api.ts'
import type { Command } from './command.ts'

const OPTIONS = {
  url: { type: 'string' },
  tenant: { type: 'string' },
  name: { type: 'string' },
  roles: { type: 'string' },
  person: { type: 'string' },
  env: { type: 'string' },
  expires: { type: 'string' },
  overlap: { type: 'string' },
  out: { type: 'string' },
  print: { type: 'boolean', default: false },
} as const
type Values = ReturnType<typeof parse>['values']

export const command: Command = {
  usage: `usage: npm run darkroom -- keys list [--tenant ID]
       npm run darkroom -- keys create --tenant ID --name NAME --roles client[,...] [--person ID] [--env live|test] [--expires TIME]
       npm run darkroom -- keys rotate KEY_ID [--overlap SECONDS] [--expires TIME]
       npm run darkroom -- keys revoke KEY_ID
       npm run darkroom -- keys recover

  --url URL    the service (default http://HOST:PORT; DARKROOM_URL)
  --out FILE   write the new key there, readable by its owner alone; the file must not exist yet
  --print      print the new key even where standard output is no terminal
The administrator's key is read from DARKROOM_KEY, else from the admin key in $DARKROOM_HOME/keys.json (or in
$DARKROOM_SECRETS_DIR/keys.json, if it is there). 'recover' needs none: it
makes an administrator's key in the records of DARKROOM_HOME or DATABASE_URL. Stop the embedded service first.`,
  run,
}

async function run(args: string[]): Promise<void> {
  const { values, positionals } = parse(args)
  const [act, id, ...rest] = positionals
  const named = act === 'rotate' || act === 'revoke'
  if (rest.length > 0 || named !== (id !== undefined))
    throw new Fault('invalid_request', {
      field: 'KEY_ID',
      detail: 'rotate and revoke take one key id, the others none',
    })
  const config = readConfig(process.env)
  switch (act) {
    case 'list':
      return list(config, values)
    case 'revoke': {
      const key = await withApi(config, values, (api) => api('POST', `/v1/admin/keys/${idOf(id)}/revoke`))
      process.stdout.write(`revoked ${textOf(key, 'id')}\n`)
      return
    }
    case 'rotate': {
      const body = {
        ...(values.overlap === undefined ? {} : { overlap_seconds: Number(values.overlap) }),
        ...(values.expires === undefined ? {} : { expires_at: values.expires }),
      }
      return deliver(values, () =>
        withApi(config, values, (api) => api('POST', `/v1/admin/keys/${idOf(id)}/rotate`, body)),
      )
    }
    case 'create':
      return deliver(values, () => withApi(config, values, (api) => create(api, values)))
    case 'recover':
      return deliver(values, () => recover(config))
    default:
      throw new Fault('invalid_request', { field: 'command', detail: 'say list, create, rotate, revoke or recover' })
  }
}

function parse(args: string[]) {
  return parseArgs({ args, allowPositionals: true, options: OPTIONS })
}

async function list(config: Config, values: Values): Promise<void> {
  await withApi(config, values, async (api) => {
    const tenants =
      values.tenant === undefined ? await allOf(api, '/v1/admin/tenants') : [{ id: values.tenant, name: '' }]
    for (const tenant of tenants) {
      process.stdout.write(`${textOf(tenant, 'id')}  ${textOf(tenant, 'name')}\n`)
      for (const key of await allOf(api, `/v1/admin/tenants/${idOf(textOf(tenant, 'id'))}/keys`)) {
        const roles: unknown = Reflect.get(key, 'roles')
        const columns = [textOf(key, 'id'), `${textOf(key, 'prefix')}…`, Array.isArray(roles) ? roles.join(',') : '']
        process.stdout.write(`  ${[...columns, stateOf(key), textOf(key, 'name')].join('  ')}\n`)
      }
    }
    return {}
  })
}

function stateOf(key: object): string {
  const used = textOf(key, 'last_used_at')
  if (textOf(key, 'revoked_at') !== '') return `revoked ${textOf(key, 'revoked_at')}`
  const ends = textOf(key, 'expires_at')
  return `${used === '' ? 'never used' : `used ${used}`}${ends === '' ? '' : `, ends ${ends}`}`
}

function create(api: Api, { tenant, name, roles, person, env, expires }: Values): Promise<object> {
  if (tenant === undefined || name === undefined || roles === undefined)
    throw new Fault('invalid_request', {
      field: '--tenant, --name, --roles',
      detail: 'say whose key it is and what it may do',
    })
  return api('POST', `/v1/admin/tenants/${idOf(tenant)}/keys`, {
    name,
    roles: roles.split(','),
    person_id: person ?? null,
    env: env ?? null,
    expires_at: expires ?? null,
  })
}

/** Alone with the records: an embedded database belongs to whoever holds the home. */
async function recover(config: Config): Promise<object> {
  using _lock = config.databaseUrl === null ? holdHome(config.home) : null
  await using database = await openDatabase({
    url: config.databaseUrl,
    ...(config.postgres === null ? {} : { postgres: config.postgres }),
    home: config.home,
  })
  const { keyId, text } = await recoverAdmin(database)
  return { id: keyId, key: text }
}

function holdHome(home: string): Disposable {
  try {
    return lockHome(home)
  } catch (cause) {
    if (!isFault(cause, 'home_locked')) throw cause
    throw new Fault('home_locked', {
      field: 'DARKROOM_HOME',
      detail: `a service is using ${home}: with an administrator's key, 'keys create --url' makes one while it runs; without, stop it first`,
      cause,
    })
  }
}

/** Opens the way out first, so that no key is made that nobody could read. */
async function deliver({ out, print }: Values, make: () => Promise<object>): Promise<void> {
  if (out === undefined) {
    if (!process.stdout.isTTY && !print)
      throw new Fault('invalid_request', {
        field: '--out',
        detail: 'a key is printed on a terminal only: give --out FILE, or --print if this output is private',
      })
    const made = await make()
    process.stderr.write(`key ${textOf(made, 'id')}; it cannot be read again:\n`)
    process.stdout.write(`${textOf(made, 'key')}\n`)
    return
  }
  const file = await open(out, 'wx', 0o600).catch((cause: unknown) => {
    throw new Fault('invalid_request', { field: '--out', detail: `cannot make the file ${out}`, cause })
  })
  try {
    const made = await make()
    await file.writeFile(`${textOf(made, 'key')}\n`)
    await file.sync()
    process.stdout.write(`key ${textOf(made, 'id')} is in ${out}\n`)
  } catch (error) {
    await rm(out, { force: true })
    throw error
  } finally {
    await file.close()
  }
}

async function allOf(api: Api, path: string): Promise<object[]> {
  const all: object[] = []
  for (let after = ''; ; ) {
    const page = await api('GET', `${path}?limit=100${after === '' ? '' : `&after=${after}`}`)
    const rows: unknown = Reflect.get(page, 'data')
    if (Array.isArray(rows)) all.push(...rows)
    after = textOf(page, 'next')
    if (after === '') return all
  }
}

function idOf(id: string | undefined): string {
  return encodeURIComponent(id ?? '')
}
