// The log on S3: what a round writes is locked for as long as the operator said, and a second round over the same objects adopts them.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GetObjectRetentionCommand, ListObjectVersionsCommand } from '@aws-sdk/client-s3'
import { runRound } from '../../src/audit/sequencer.ts'
import type { Tx } from '../../src/kernel/database.ts'
import { openS3Stores } from '../../src/publish/s3-store.ts'
import { assertWholeLog, openLogHouse } from '../audit/log-house.ts'
import { suiteOn } from '../support/services.ts'
import { s3ConfigOf, withVersitygw } from '../support/versitygw.ts'

const DAYS = 30

suiteOn('the log on S3', await withVersitygw(), (server) => {
  const credentials = { accessKeyId: server.accessKeyId, secretAccessKey: server.secretAccessKey }

  test('tiles, entries, claims and checkpoints are written once, and locked', async () => {
    const buckets = await server.buckets()
    const config = s3ConfigOf(buckets, { DARKROOM_S3_LOG_RETENTION_DAYS: String(DAYS) })
    await using stores = openS3Stores(config, { endpoint: server.url, region: 'us-east-1', credentials })
    await using house = await openLogHouse()
    const tools = { ...house.tools, store: stores.log }
    await house.say(255)
    assert.equal((await runRound(tools))?.size, 255)
    await house.say(3)
    // The first try is lost after its checkpoint was stored; the second finds everything there.
    const { sql, transact } = house.database
    let commits = 0
    const transactOnce = <T>(work: (tx: Tx) => Promise<T>) =>
      ++commits === 2 ? Promise.reject(new Error('lost')) : transact(work)
    const database = { sql, transact: transactOnce }
    await assert.rejects(runRound({ ...tools, database }), /lost/)
    assert.equal((await runRound(tools))?.size, 258)

    const { Versions = [] } = await server.client.send(new ListObjectVersionsCommand({ Bucket: buckets.log }))
    const keys = Versions.map(({ Key }) => Key ?? '')
    assert.equal(new Set(keys).size, keys.length, 'each object has one version')
    const objects = new Map(await Promise.all(keys.map(async (key) => [key, await stores.log.get(key)] as const)))
    await assertWholeLog(house.database, objects, stores.log)
    for (const Key of keys) {
      const { Retention } = await server.client.send(new GetObjectRetentionCommand({ Bucket: buckets.log, Key }))
      const days = ((Retention?.RetainUntilDate?.getTime() ?? 0) - Date.now()) / 86_400_000
      assert.deepEqual([Retention?.Mode, Math.round(days)], ['COMPLIANCE', DAYS], Key)
    }
  })
})
