// A dashboard or an alert that asks for a meter nobody keeps shows nothing for ever: each name they use must exist.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { sql as raw } from 'kysely'
import { Registry } from 'prom-client'
import { parse } from 'yaml'
import { openDatabase } from '../../src/kernel/database.ts'
import { openGauges } from '../../src/kernel/gauges.ts'
import { meters } from '../../src/kernel/meters.ts'

const DEPLOY = resolve(import.meta.dirname, '../../deploy')
const read = (path: string) => readFile(resolve(DEPLOY, path), 'utf8')
const namesIn = (text: string) => new Set(text.match(/\b(darkroom|nodejs|process)_[a-z0-9_]+\b/g) ?? [])

test('every meter that the dashboard, the alerts and the scaling ask for is kept', async () => {
  await using database = await openDatabase({ url: null, home: null })
  const gauges = openGauges(database, async () => ({ tasks: 0, estimatedSeconds: 12, devices: 2 }))
  const all = Registry.merge([meters, gauges])
  const kept = new Set(
    (await all.getMetricsAsJSON()).flatMap(({ name, type }) =>
      String(type) === 'histogram' ? [name, `${name}_bucket`, `${name}_count`, `${name}_sum`] : [name],
    ),
  )
  const { panels }: { panels: { targets: { expr: string }[] }[] } = JSON.parse(await read('dashboards/darkroom.json'))
  const { groups }: { groups: { rules: { expr: string; annotations: { action?: string } }[] }[] } = parse(
    await read('alerts/darkroom.yaml'),
  )
  const rules = groups.flatMap((group) => group.rules)
  for (const { annotations } of rules) assert.ok(annotations.action, 'an alert says what to do')
  const expressions = [
    ...panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)),
    ...rules.map(({ expr }) => expr),
    (await read('helm/darkroom/templates/scaling.yaml')).match(/query: .*/)?.[0] ?? '',
  ]
  const asked = namesIn(expressions.join('\n'))
  assert.ok(asked.size >= 15)
  assert.deepEqual(
    [...asked].filter((name) => !kept.has(name)),
    [],
  )
  assert.match(await gauges.metrics(), /darkroom_backlog_device_seconds 24/)
})

test('moves are counted from the first look on, each once', async () => {
  await using database = await openDatabase({ url: null, home: null })
  const gauges = openGauges(database, async () => ({ tasks: 0, estimatedSeconds: 0, devices: 0 }))
  const { sql } = database
  const add = (id: number) =>
    raw`INSERT INTO darkroom.move
      (tenant_id, subject, subject_id, kind, facts, at, tenant_pseudonym, tenant_sequence, previous_leaf, leaf_hash)
      VALUES ('ten_1', 'request', 'req_1', 'request.done', '{}', now() - interval '1 minute', 'p', ${id}, 'l', ${`leaf${id}`})`.execute(
      sql,
    )
  await raw`INSERT INTO darkroom.tenant (id, name, pseudonym, head) VALUES ('ten_1', 'T', 'p', '0')`.execute(sql)
  await add(1)
  // Readings that are asked for at once are one reading.
  const later = async () => {
    await sleep(300)
    return gauges.metrics()
  }
  await gauges.metrics()
  await add(2)
  await add(3)
  assert.match(await later(), /darkroom_moves_total\{kind="request.done"\} 2/)
  assert.match(await later(), /darkroom_moves_total\{kind="request.done"\} 2/)
})
