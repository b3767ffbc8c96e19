// A service as its administrators see it: calls as whomever a test says, tenants and keys made in passing, the notes that acts left.
// Everything is made through the API itself. The subjects are in admin-tenants, admin-keys and admin-rights.test.ts.
import { sql as raw } from 'kysely'
import { json, openService } from './service.ts'

/** As a key of the fixture (`as`) or by a key of its own; a body is posted unless another method is said. */
export type Call = { as?: string; key?: string; method?: string; body?: unknown }

export async function openAdministration(...given: Parameters<typeof openService>) {
  const service = await openService(...given)
  const { sql } = service.ground.database
  const tenantOf = async (as: string): Promise<string> =>
    (await (await service.call('/v1/me', { as })).json()).tenant.id

  async function call(path: string, { as = 'admin', key, method, body }: Call = {}) {
    const init = body === undefined ? {} : json(body)
    const headers = { ...Object(init.headers), ...(key === undefined ? {} : { authorization: `Bearer ${key}` }) }
    const how = method ?? (body === undefined ? 'GET' : 'POST')
    const response = await service.call(path, { ...init, headers, method: how, as })
    const text = await response.text()
    return { status: response.status, headers: response.headers, body: text === '' ? null : JSON.parse(text) }
  }

  return {
    service,
    call,
    operatorId: await tenantOf('admin'),
    clientTenant: await tenantOf('client'),
    secondTenant: await tenantOf('second_client'),
    notesOf: (subjectId: string) =>
      sql
        .selectFrom('darkroom.move')
        .select(['kind', 'facts', 'tenant_id'])
        .where('subject_id', '=', subjectId)
        .orderBy('id')
        .execute(),
    newTenant: async (name = 'Acme'): Promise<string> => (await call('/v1/admin/tenants', { body: { name } })).body.id,
    newKey: async (tenantId: string, body: object) => (await call(`/v1/admin/tenants/${tenantId}/keys`, { body })).body,
    /** Does the work with the clock so many seconds ahead. */
    later: async (seconds: number, work: () => Promise<void>) => {
      await raw`UPDATE darkroom.clock_offset SET by = ${seconds} * interval '1 second'`.execute(sql)
      await work().finally(() => raw`UPDATE darkroom.clock_offset SET by = interval '0'`.execute(sql))
    },
    [Symbol.asyncDispose]: () => service[Symbol.asyncDispose](),
  }
}
