// A ground to stand tests on: an in-memory database with migrations, stores in memory, a bell that keeps what was rung, and rows
// for two tenants with a key each. Everything else is the real code.
import { randomBytes, randomInt } from 'node:crypto'
import { sql as raw } from 'kysely'
import { advance, recordBirths } from '../../src/advance.ts'
import type { TransparencyLog } from '../../src/audit/log.ts'
import { logKeyOf } from '../../src/audit/log-keys.ts'
import { sha256 } from '../../src/kernel/canonical.ts'
import { readConfig } from '../../src/kernel/config.ts'
import { type Database, openDatabase } from '../../src/kernel/database.ts'
import { Fault } from '../../src/kernel/fault.ts'
import type { Ground } from '../../src/kernel/ground.ts'
import { newId } from '../../src/kernel/ids.ts'
import { openLog } from '../../src/kernel/log.ts'
import type { ObjectStore, PublicStore, StoredObject } from '../../src/kernel/object-store.ts'
import { addTask, claimTask, type Due } from '../../src/kernel/tasks.ts'
import { growLog } from './log-rounds.ts'
import './records-copy.ts'

export type World = {
  ground: Ground
  tenants: [Tenant, Tenant]
  rung: Due[]
  told: { topic: string; message: unknown }[]
  /** Has the log grow until every move is in a signed tree. */
  growLog: () => Promise<void>
  transparency: TransparencyLog
  [Symbol.asyncDispose]: () => Promise<void>
}
export type Tenant = { id: string; keyId: string }

export async function openWorld(options: { database?: Database; env?: Record<string, string> } = {}): Promise<World> {
  const database = options.database ?? (await openDatabase({ url: null, home: null }))
  const rung: Due[] = []
  const told: World['told'] = []
  const ground: Ground = {
    config: readConfig({ DARKROOM_HOME: '/nonexistent', ...options.env }),
    database,
    log: openLog('silent'),
    bell: {
      ring: (due) => rung.push(...due),
      tell: (topic, message) => told.push({ topic, message }),
      hear: () => () => {},
    },
    quarantine: memoryStore(),
    images: memoryStore(),
  }
  const tenants: [Tenant, Tenant] = [await addTenant(database), await addTenant(database)]
  const transparency = {
    store: memoryStore(),
    key: logKeyOf(Buffer.alloc(32, 13)),
    origin: { named: null, byDefault: 'darkroom.test/log' },
  }
  const grow = () => growLog(database, transparency)
  return {
    ground,
    tenants,
    rung,
    told,
    growLog: grow,
    transparency,
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  }
}

export function memoryStore(): PublicStore & { objects: Map<string, StoredObject> } {
  const objects = new Map<string, StoredObject>()
  return {
    objects,
    putIfAbsent: async (key, object) => {
      if (objects.has(key)) return 'exists'
      objects.set(key, object)
      return 'created'
    },
    get: async (key) => {
      const object = objects.get(key)
      if (object === undefined) throw new Fault('object_missing', { facts: { key } })
      return object
    },
    remove: async (key) => {
      objects.delete(key)
    },
    removeUnder: async (folder) => {
      for (const key of objects.keys()) if (key.startsWith(`${folder}/`)) objects.delete(key)
    },
    signedUrl: async (key) => `/objects/${key}`,
  }
}

async function addTenant({ sql }: Database): Promise<Tenant> {
  const id = newId('ten')
  const keyId = newId('key')
  await sql
    .insertInto('darkroom.tenant')
    .values({ id, name: 'a tenant', pseudonym: randomBytes(16).toString('hex'), head: '0'.repeat(64) })
    .execute()
  await sql
    .insertInto('darkroom.api_key')
    .values({ id: keyId, tenant_id: id, name: 'a key', prefix: 'dk_test', hash: newId('key'), roles: ['client'] })
    .execute()
  return { id, keyId }
}

/** A queued request with `n` planned images and its generate task, as admission leaves it. */
export async function queueRequest(
  { ground }: World,
  tenant: Tenant,
  options: { n?: number; cost?: number; model?: string; purpose?: string } = {},
): Promise<{ requestId: string; imageIds: string[]; taskId: string }> {
  const requestId = newId('req')
  const n = options.n ?? 1
  const imageIds: string[] = []
  const due = await ground.database.transact(async (tx) => {
    await tx
      .insertInto('darkroom.request')
      .values({
        id: requestId,
        tenant_id: tenant.id,
        key_id: tenant.keyId,
        state: 'queued',
        salt: randomBytes(16),
        prompt: 'a red boat on the sea',
        purpose: options.purpose ?? null,
        model: options.model ?? 'storybook',
        model_version: '1.0.0',
        pack_digest: 'a'.repeat(64),
        width: 128,
        height: 128,
        steps: 4,
        guidance_scale: 4,
        scheduler: 'DDIMScheduler',
        quality: 'medium',
        output_format: 'png',
        n,
        seed: 1,
        cost: options.cost ?? 1,
        policy_digest: 'b'.repeat(64),
      })
      .execute()
    await recordBirths(tx, tenant.id, [{ subject: 'request', id: requestId, facts: { n } }])
    for (let position = 0; position < n; position++) {
      const id = newId('img')
      imageIds.push(id)
      await tx
        .insertInto('darkroom.image')
        .values({
          id,
          request_id: requestId,
          tenant_id: tenant.id,
          position,
          state: 'planned',
          seed: 1 + position,
          salt: randomBytes(16),
          mark_id: randomInt(2 ** 40),
        })
        .execute()
      await recordBirths(tx, tenant.id, [{ subject: 'image', id, facts: { position } }])
    }
    return addTask(tx, {
      tenantId: tenant.id,
      subject: 'request',
      subjectId: requestId,
      stage: 'generate',
      cost: options.cost ?? 1,
    })
  })
  return { requestId, imageIds, taskId: due.id }
}

/** A request whose one image, of that file, is marked, with its leaf in the log, and the claim to publish it. */
export async function queueMarked(world: World, tenant: Tenant, quarantine: ObjectStore, file: StoredObject) {
  const { database } = world.ground
  const { requestId, imageIds } = await queueRequest(world, tenant)
  const imageId = imageIds[0] ?? ''
  const digest = sha256(file.bytes)
  await quarantine.putIfAbsent(`${imageId}/marked-${digest}`, file)
  const marked = JSON.stringify({ digests: { file: digest } })
  const task = await database.transact(async (tx) => {
    await raw`DELETE FROM darkroom.task WHERE subject_id = ${requestId}`.execute(tx)
    await raw`UPDATE darkroom.request SET state = 'generating', attempt = 1 WHERE id = ${requestId}`.execute(tx)
    await raw`UPDATE darkroom.image SET state = 'cleared', verdict = '{}' WHERE id = ${imageId}`.execute(tx)
    const image = { subject: 'image', id: imageId, tenantId: tenant.id, from: 'cleared', version: 0 } as const
    await advance(tx, { ...image, to: 'marked', facts: {}, set: { marked, manifest_id: imageId } })
    return addTask(tx, { tenantId: tenant.id, subject: 'image', subjectId: imageId, stage: 'publish' })
  })
  await world.growLog()
  const claim = await claimTask(database.sql, task.id, 60_000)
  if (claim === null) throw new Error('a task that was just made can be claimed')
  return { requestId, imageId, key: `${imageId}.png`, claim }
}
