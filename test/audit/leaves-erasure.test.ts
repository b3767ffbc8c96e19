// Erasure and the log: what was erased stays counted, the chain and the tree still verify, and what is left tells nothing of the prompt,
// not even to whoever guesses it.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { sql as raw } from 'kysely'
import { runRound } from '../../src/audit/sequencer.ts'
import { decodeEntries, entriesPath } from '../../src/audit/tiles.ts'
import { leafHash, saltedDigest } from '../../src/kernel/canonical.ts'
import { entryOf, leafOf } from '../../src/kernel/leaf.ts'
import { ALLOWED, json, openService, type Service } from '../http/service.ts'

let service: Service
before(async () => {
  service = await openService()
})
after(() => service[Symbol.asyncDispose]())

const sql = () => service.ground.database.sql
const grow = async () => {
  const round = {
    ...service.transparency,
    database: service.ground.database,
    holder: 'one',
    leaseMs: 1000,
    atMost: 4096,
  }
  const signed = await runRound(round)
  assert.ok(signed)
  return signed.size
}
const moves = () => sql().selectFrom('darkroom.move').selectAll().orderBy('log_index').execute()

/** Everything that the records hold, as text. */
async function everything(): Promise<string> {
  const { rows } = await raw<{ name: string }>`
    SELECT table_name AS name FROM information_schema.tables
     WHERE table_schema = 'darkroom' AND table_type = 'BASE TABLE'`.execute(sql())
  const texts: string[] = []
  for (const { name } of rows) {
    const all = await raw<{ text: string | null }>`
      SELECT string_agg(to_jsonb(this_row)::text, ' ') AS text FROM ${raw.table(`darkroom.${name}`)} AS this_row`.execute(
      sql(),
    )
    texts.push(all.rows[0]?.text ?? '')
  }
  return texts.join('\n')
}

test('after an erasure the chain and the tree verify, and no salt is left under which the prompt could be guessed', async () => {
  const { id } = await (await service.call('/v1/generations', json({ prompt: ALLOWED, user: 'somebody' }))).json()
  await service.develop(id, ['published'])
  const { salt } = await sql()
    .selectFrom('darkroom.request')
    .select('salt')
    .where('id', '=', id)
    .executeTakeFirstOrThrow()
  assert.ok(salt)
  const digest = saltedDigest(salt, ALLOWED)
  const received = (await moves()).find((move) => move.subject_id === id && move.kind === 'request.received')
  assert.equal(Object(received?.facts).prompt, digest, 'with its salt the digest opens the prompt')
  await grow()
  const [before, erased] = [await moves(), await service.call(`/v1/generations/${id}`, { method: 'DELETE' })]
  assert.equal(erased.status, 204)
  const size = await grow()

  const now = await moves()
  assert.deepEqual(now.slice(0, before.length), before, 'no row of the log has changed')
  assert.ok(now.slice(before.length).some((move) => move.kind === 'generation.erased' && move.subject_id === id))
  assert.equal(now.length, size)
  const heads = new Map<string, string>()
  for (const move of now.toSorted((a, b) => Number(a.tenant_sequence) - Number(b.tenant_sequence))) {
    assert.equal(move.previous_leaf, heads.get(move.tenant_id) ?? '0'.repeat(64))
    assert.equal(move.leaf_hash, leafHash(leafOf(move)))
    heads.set(move.tenant_id, move.leaf_hash)
  }
  const { bytes } = await service.transparency.store.get(entriesPath(0, size))
  assert.deepEqual(
    decodeEntries(bytes, size).map(String),
    now.map((move) => entryOf(move)),
  )
  const text = await everything()
  assert.ok(text.includes(digest), 'the digest stays, as a number that nothing opens')
  for (const secret of [Buffer.from(salt).toString('hex'), Buffer.from(salt).toString('base64'), ALLOWED])
    assert.ok(!text.includes(secret), 'neither the salt nor the prompt is in any table')
  for (const move of now)
    if (move.leaf_salt !== null)
      assert.notEqual(saltedDigest(move.leaf_salt, ALLOWED), digest, 'no other salt opens it')
})
