// The same reports on PostgreSQL itself, beside writers: each is of one moment, so that its pairs of numbers agree whatever happens meanwhile.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type AuditReport, REPORT_NAMES } from '../../src/audit/reports/report.ts'
import { FORBIDDEN, openService, type Service } from '../http/service.ts'
import { withPostgres } from '../support/postgres.ts'
import { suiteOn } from '../support/services.ts'
import { figure } from './reports-cast.ts'

const DAY_MS = 86_400_000

suiteOn('reports on PostgreSQL', await withPostgres(), (postgres) => {
  let service: Service
  before(async () => {
    service = await openService({ DATABASE_URL: (await postgres.database()).url })
  })
  after(() => service[Symbol.asyncDispose]())

  test('every report is whole while orders are refused', async () => {
    const day = (days: number) => new Date(Date.now() + days * DAY_MS).toISOString().slice(0, 10)
    let refusing = true
    const refused = (async () => {
      let count = 0
      for (; refusing; count++) await service.admit({ prompt: FORBIDDEN })
      return count
    })()
    const reports: AuditReport[] = []
    for (let round = 0; round < 5; round++)
      for (const name of REPORT_NAMES) {
        const answer = await service.call(`/v1/audit/reports/${name}?from=${day(-1)}&to=${day(1)}`, {
          as: 'compliance',
        })
        assert.equal(answer.status, 200, await answer.clone().text())
        reports.push(await answer.json())
      }
    refusing = false
    const all = await refused
    for (const { name, complete, differences } of reports)
      assert.ok(complete, `${name}: ${JSON.stringify(differences)}`)
    const seen = reports.filter(({ name }) => name === 'decisions').map((one) => figure(one, 'decisions').value ?? -1)
    assert.ok(seen.at(-1) !== seen[0] && all >= Math.max(...seen), `${seen} of ${all}`)
  })
})
