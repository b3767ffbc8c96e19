// An export of the log: it has every leaf of its range, opens what matches and nothing else, and verifies without the service.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parquetReadObjects } from 'hyparquet'
import { sql as raw } from 'kysely'
import { note } from '../../src/advance.ts'
import { readArchive, readWhole } from '../../src/audit/archive-reader.ts'
import { readPieces } from '../../src/audit/export-archive.ts'
import { type Row, shapes } from '../../src/audit/export-format.ts'
import { newId } from '../../src/kernel/ids.ts'
import { queueRequest } from '../support/world.ts'
import { chunksOf, type ExportHouse, openExportHouse, verify } from './export-house.ts'
import { recordMoves } from './many-moves.ts'

async function filesOf(archive: Buffer): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>()
  for await (const file of readArchive(chunksOf(archive))) files.set(file.name, await readWhole(file, 1e9))
  return files
}

function rowsOf(files: Map<string, Buffer>): Row[] {
  const lines = (files.get('rows.jsonl') ?? Buffer.alloc(0)).toString().split('\n').slice(0, -1)
  return lines.map((line) => {
    const row: unknown = JSON.parse(line)
    assert.ok(shapes.row.Check(row))
    return row
  })
}

const pseudonymOf = async ({ log }: ExportHouse, id: string) =>
  (await log.database.sql.selectFrom('darkroom.tenant').select('pseudonym').where('id', '=', id).executeTakeFirst())
    ?.pseudonym ?? ''

test('an export of everything verifies, opens every row, of earlier releases too, and says how many', async () => {
  await using house = await openExportHouse()
  const tenants = house.log.world.tenants.map(({ id }) => id)
  await recordMoves(house.log.database, tenants, 300, { old: 3 })
  await house.log.run()
  await house.pass('1 hour')
  const bytes = await house.exported()
  const verdict = await verify(bytes)
  assert.deepEqual([verdict.failures, verdict.code], [[], 0])
  assert.deepEqual(verdict.manifest?.counts, {
    rows: 300,
    within: 300,
    opened: 300,
    kinds: { 'image.denied': 75, 'image.published': 75, 'key.created': 75, 'request.queued': 75 },
  })
  assert.ok(house.quarantine.size > 6, 'in several parts')
  const rows = rowsOf(await filesOf(bytes))
  assert.deepEqual(
    [rows.filter(({ entry }) => entry.v === 1).length, rows.filter(({ opened }) => opened?.salt === null).length],
    [100, 100],
  )
})

test('the range reaches two minutes beyond the period, and begins behind a checkpoint that leads to the newest', async () => {
  await using house = await openExportHouse()
  const times: Date[] = []
  for (let hour = 0; hour < 6; hour++) {
    times.push(await house.now())
    await house.log.say(30)
    await house.log.run()
    await house.pass('1 hour')
  }
  const [from, to] = [times[2], times[4]]
  assert.ok(from && to)
  const verdict = await verify(await house.exported({ from, to }))
  assert.deepEqual([verdict.failures, verdict.code], [[], 0])
  const { range, counts, files } = verdict.manifest ?? assert.fail()
  assert.deepEqual([range.first, range.end], [59, 151], 'one row more before, and those right after')
  assert.deepEqual([counts.within, counts.opened], [60, 60])
  assert.deepEqual(files.map(({ name }) => name).slice(0, 2), ['checkpoint.note', 'start.note'])
  const before = await verify(await house.exported({ from: new Date(0), to: new Date(1000) }))
  assert.deepEqual([before.failures, before.code, before.manifest?.range.end], [[], 3, 1])
  await house.pass('10 minutes')
  const after = await verify(await house.exported({ from: new Date((await house.now()).getTime() - 1000) }))
  assert.deepEqual([after.failures, after.code, after.manifest?.counts.rows], [[], 3, 1])
})

test('a tenant’s export opens its rows and no other tenant’s, and proves that it opens all of them', async () => {
  await using house = await openExportHouse()
  const [tenant, other] = house.log.world.tenants
  await recordMoves(house.log.database, [tenant.id, other.id], 100)
  await house.pass('1 hour')
  const bytes = await house.exported({ tenant: tenant.id })
  const verdict = await verify(bytes)
  assert.deepEqual([verdict.failures, verdict.code, verdict.manifest?.completeness.proven], [[], 0, true])
  const pseudonym = await pseudonymOf(house, tenant.id)
  const rows = rowsOf(await filesOf(bytes))
  for (const { entry, opened } of rows) assert.equal(opened !== null, entry.tenant === pseudonym)
  assert.equal(rows.filter(({ opened }) => opened !== null).length, 50)
  for (const id of [tenant.id, other.id]) assert.ok(!bytes.includes(id), 'tenants have their pseudonyms')
})

test('a kind’s export proves that it is complete; a subject’s opens its rows and says that it does not prove that', async () => {
  await using house = await openExportHouse()
  await recordMoves(
    house.log.database,
    house.log.world.tenants.map(({ id }) => id),
    100,
  )
  await house.pass('1 hour')
  const kind = await verify(await house.exported({ kind: 'image.denied' }))
  assert.deepEqual([kind.failures, kind.code, kind.manifest?.counts.kinds], [[], 0, { 'image.denied': 25 }])
  assert.equal(kind.manifest?.completeness.proven, true)
  const subject = await verify(await house.exported({ subject: `img_${'40'.padStart(26, '0')}` }))
  assert.deepEqual([subject.failures, subject.code, subject.manifest?.counts.opened], [[], 0, 1])
  assert.deepEqual(subject.manifest?.completeness, { proven: false, reason: 'subject_is_not_in_the_log' })
  const none = await verify(await house.exported({ kind: 'image.withdrawn' }))
  assert.deepEqual([none.failures, none.code], [[], 3])
})

/** A request with two images, one of which is a restricted case. */
async function restrict(house: ExportHouse) {
  const { world, database } = house.log
  const [tenant] = world.tenants
  const { requestId, imageIds } = await queueRequest(world, tenant, { n: 2 })
  const decide = () =>
    database.transact(async (tx) => {
      const statement = newId('sor')
      await raw`INSERT INTO darkroom.statement (id, tenant_id, subject, subject_id, record, appeal_until)
                VALUES (${statement}, ${tenant.id}, 'image', ${imageIds[0]}, '{"redress":{"kind":"restricted"}}', darkroom.now())`.execute(
        tx,
      )
      await note(tx, tenant.id, 'escalation.confirmed', imageIds[1] ?? '', {})
    })
  return { tenant, requestId, imageIds, decide }
}

test('rows about a restricted case stay closed, whoever asks for them, and are told by their place', async () => {
  await using house = await openExportHouse()
  await house.log.say(10)
  const { decide, requestId, imageIds } = await restrict(house)
  const open = await queueRequest(house.log.world, house.log.world.tenants[1])
  await decide()
  // What only its kind tells.
  await house.log.database.transact((tx) =>
    note(tx, house.log.world.tenants[0].id, 'escalation.dismissed', 'img_other', {}),
  )
  await house.pass('1 hour')
  for (const asked of [
    {},
    { tenant: house.log.world.tenants[0].id },
    { kind: 'image.planned' },
    { subject: requestId },
  ]) {
    const bytes = await house.exported(asked)
    const verdict = await verify(bytes)
    assert.deepEqual(verdict.failures, [])
    const rows = rowsOf(await filesOf(bytes))
    const opened = rows.flatMap((row) => row.opened?.id ?? [])
    for (const id of [requestId, ...imageIds, 'img_other']) {
      assert.ok(!opened.includes(id))
      if (!('subject' in asked)) assert.ok(!bytes.includes(id), 'nothing of it is anywhere in the archive')
    }
    const withheld = 'kind' in asked ? 2 : 5
    assert.equal(verdict.manifest?.withheld.length, withheld, JSON.stringify(asked))
    if (!('tenant' in asked) && !('subject' in asked)) assert.ok(opened.includes(open.imageIds[0] ?? ''))
  }
})

test('a case that becomes a restricted one while its export is made is not opened by it', async () => {
  await using house = await openExportHouse()
  await house.log.say(10)
  const { decide, requestId } = await restrict(house)
  await house.log.run()
  await house.pass('1 hour')
  const id = await house.order()
  const quarantine = {
    ...house.tools.quarantine,
    putIfAbsent: async (key: string, object: { bytes: Buffer; contentType: string }) => {
      if (key.includes('parquet')) await decide()
      return house.tools.quarantine.putIfAbsent(key, object)
    },
  }
  await house.until('begun_anew', { quarantine })
  assert.equal(house.quarantine.size, 0, 'what was written is gone')
  await house.until('made')
  const bytes = await house.archive(id)
  assert.deepEqual((await verify(bytes)).failures, [])
  assert.ok(!bytes.includes(requestId))
})

test('CSV and Parquet say what the opened rows say, and no cell is a formula', async () => {
  await using house = await openExportHouse()
  const [tenant, other] = house.log.world.tenants
  await house.log.database.transact(async (tx) => {
    await note(tx, tenant.id, 'policy.live', '=1+1', { text: 'a "quoted", line\nand another' })
    await note(tx, tenant.id, 'policy.live', '-cmd', { ü: [1, null, true] })
    await note(tx, other.id, 'key.revoked', '@x', {})
  })
  await recordMoves(house.log.database, [tenant.id], 200)
  await house.pass('1 hour')
  const files = await filesOf(await house.exported({ tenant: tenant.id }))
  const csv = (files.get('rows.csv') ?? Buffer.alloc(0)).toString()
  const opened = rowsOf(files).filter((row) => row.opened !== null)
  const lines = csv.split('\r\n')
  assert.equal(lines[0], 'index,at,tenant,sequence,kind,subject,id,from,to,facts')
  assert.equal(lines.length, opened.length + 2)
  assert.match(lines[1] ?? '', /,policy\.live,note,'=1\+1,,,"\{""text"":""a \\""quoted\\"", line\\nand another""\}"$/)
  assert.match(lines[2] ?? '', /,note,'-cmd,,,"\{""ü"":\[1,null,true\]\}"$/)
  assert.ok(!csv.includes('@x'))
  const parquet = files.get('rows.parquet') ?? Buffer.alloc(0)
  const file = new Uint8Array(parquet).buffer
  const table = await parquetReadObjects({ file })
  assert.deepEqual(
    table,
    opened.map(({ index, entry, opened }) => ({
      index: BigInt(index),
      at: new Date(entry.at),
      tenant: entry.tenant,
      sequence: BigInt(entry.sequence),
      kind: opened?.kind,
      subject: opened?.subject,
      id: opened?.id,
      from: opened?.from,
      to: opened?.to,
      facts: opened?.facts,
    })),
  )
})

test('an export is itself in the log, with what was asked, what was found and by whom', async () => {
  await using house = await openExportHouse()
  await house.log.say(3)
  await house.pass('1 hour')
  await house.exported({ kind: 'policy.live' })
  const [row] = await house.log.database.sql.selectFrom('darkroom.audit_export').selectAll().execute()
  const told = await house.log.database.sql
    .selectFrom('darkroom.move')
    .selectAll()
    .where('kind', '=', 'audit.exported')
    .execute()
  assert.deepEqual(
    told.map(({ subject_id, facts }) => [
      subject_id,
      Object(facts).sha256,
      Object(facts).counts,
      Object(facts).by,
      Object(facts).query.kind,
    ]),
    [
      [
        row?.id,
        row?.sha256,
        { rows: 3, within: 3, opened: 3, withheld: 0 },
        { key: 'key_1', person: null },
        'policy.live',
      ],
    ],
  )
})

test('any stretch of an archive reads as it is, wherever parts begin and end', async () => {
  const contents = [Buffer.from('first'), Buffer.alloc(0), Buffer.from('second'), Buffer.from('x')]
  const whole = Buffer.concat(contents)
  const pieces = contents.map((bytes) => ({ size: bytes.length, read: async () => bytes }))
  for (let start = 0; start <= whole.length; start++)
    for (let end = start; end <= whole.length; end++) {
      const read: Buffer[] = []
      for await (const bytes of readPieces(pieces, start, end)) read.push(bytes)
      assert.deepEqual(Buffer.concat(read), whole.subarray(start, end), `${start} to ${end}`)
    }
})
