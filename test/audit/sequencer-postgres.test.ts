// The sequencer on PostgreSQL, where transactions overlap: ids commit out of order, and two processes really run at once.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { note } from '../../src/advance.ts'
import { runRound } from '../../src/audit/sequencer.ts'
import { openDatabase } from '../../src/kernel/database.ts'
import { isFault } from '../../src/kernel/fault.ts'
import { openFileStore } from '../../src/publish/file-store.ts'
import { withPostgres } from '../support/postgres.ts'
import { suiteOn } from '../support/services.ts'
import { assertWholeLog, openLogHouse } from './log-house.ts'

const CHILD = fileURLToPath(new URL('./sequencer-child.ts', import.meta.url))

suiteOn('the sequencer on PostgreSQL', await withPostgres(), (postgres) => {
  const open = async () => {
    const { url, ...records } = await postgres.database()
    const database = await openDatabase({ url, home: null, poolSize: 8 })
    const house = await openLogHouse({ database })
    return Object.assign(house, {
      url,
      [Symbol.asyncDispose]: async () => {
        await database[Symbol.asyncDispose]()
        await records[Symbol.asyncDispose]()
      },
    })
  }

  test('a row whose earlier id commits after the round that passed it gets the next index', async () => {
    await using house = await open()
    const [one, two] = house.world.tenants
    const [written, passed] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const late = house.database.transact(async (tx) => {
      await note(tx, one.id, 'policy.live', 'early id', {})
      written.resolve()
      await passed.promise
    })
    await written.promise
    await house.database.transact((tx) => note(tx, two.id, 'policy.live', 'late id', {}))
    assert.equal((await runRound(house.tools))?.size, 1)
    passed.resolve()
    await late
    assert.equal((await runRound(house.tools))?.size, 2)
    const rows = await house.database.sql.selectFrom('darkroom.move').select('subject_id').orderBy('id').execute()
    assert.deepEqual(
      rows.map(({ subject_id }) => subject_id),
      ['early id', 'late id'],
      'the first id has the second index',
    )
    assert.deepEqual(await assertWholeLog(house.database, house.objects, house.store), [1, 2])
  })

  test('while tenants write at once and two processes sequence at once, every leaf is in the log once', async () => {
    await using house = await open()
    const [one, two] = house.world.tenants
    const lost: unknown[] = []
    let writing = true
    const write = async (tenantId: string, tag: string) => {
      for (let i = 0; i < 60; i++)
        await house.database.transact(async (tx) => {
          for (let n = 0; n <= i % 3; n++) await note(tx, tenantId, 'policy.live', `${tag}_${i}_${n}`, { i })
        })
    }
    const sequence = async (holder: string) => {
      const tools = { ...house.tools, holder, leaseMs: 1, atMost: 256 }
      while (writing) await runRound(tools).catch((error: unknown) => lost.push(error))
    }
    const running = [sequence('one'), sequence('two')]
    await Promise.all([write(one.id, 'a'), write(one.id, 'b'), write(two.id, 'c')])
    writing = false
    await Promise.all(running)
    await house.run({ holder: 'three', leaseMs: 1 })
    const sizes = await assertWholeLog(house.database, house.objects, house.store)
    assert.equal(sizes.at(-1), 3 * 120)
    for (const error of lost) assert.ok(isFault(error, 'lease_lost'), String(error))
  })

  test('a sequencer that is killed before or after each of its writes is followed by one that ends what it began', async () => {
    await using house = await open()
    const directory = mkdtempSync(join(tmpdir(), 'darkroom-log-'))
    try {
      const round = async (position: number, when: 'before' | 'after') => {
        const args = [CHILD, house.url, directory, String(position), when]
        const child = spawn(process.execPath, args, { stdio: ['ignore', 'inherit', 'inherit'] })
        const [code, signal] = await once(child, 'exit')
        return { code, signal }
      }
      await house.say(2)
      let position = 0
      for (let killed = true; killed; position++)
        for (const when of ['before', 'after'] as const) {
          await house.say(3)
          const { code, signal } = await round(position, when)
          killed = signal === 'SIGKILL'
          if (!killed) assert.equal(code, 0)
        }
      assert.equal(position, 7, 'two commits, a tile, a bundle, a claim and a checkpoint were each killed')
      const store = await openFileStore({ directory, secret: null })
      await house.run({ store, leaseMs: 1 })
      const keys = readdirSync(directory, { recursive: true, encoding: 'utf8', withFileTypes: true })
        .filter((one) => one.isFile() && !one.parentPath.includes('.drafts'))
        .map((one) => relative(directory, join(one.parentPath, one.name)))
      const objects = new Map(await Promise.all(keys.map(async (key) => [key, await store.get(key)] as const)))
      await assertWholeLog(house.database, objects, store)
    } finally {
      rmSync(directory, { recursive: true, force: true })
    }
  })
})
