// The log signed by a key that never leaves a KMS: its checkpoints are those of the key, and while KMS is away, unwilling or signs with
// another key, nothing is published and nothing is lost.
import assert from 'node:assert/strict'
import { createPrivateKey } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { kmsLogKey } from '../../src/audit/kms-log-key.ts'
import { runRound, type SequencerTools } from '../../src/audit/sequencer.ts'
import { readSharedSecret } from '../../src/commands/shared-secrets.ts'
import { readConfig } from '../../src/kernel/config.ts'
import { type FaultCode, isFault } from '../../src/kernel/fault.ts'
import { type KmsServer, openKmsServer } from '../support/kms-server.ts'
import { suiteOn } from '../support/services.ts'
import { tools } from '../support/tools.ts'
import { assertWholeLog, KEY, type LogHouse, openLogHouse } from './log-house.ts'

/** KEY's seed, as a file has it (RFC 8410). */
const SEED = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), Buffer.alloc(32, 5)])
const CREDENTIALS = { credentials: { accessKeyId: 'test', secretAccessKey: 'SECRET-OF-THE-ACCOUNT' } }

suiteOn('the log’s key in a KMS', await tools('openssl'), () => {
  let folder: string
  let kms: KmsServer
  let house: LogHouse
  let key: ReturnType<typeof kmsLogKey>
  let sequencer: SequencerTools

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'darkroom-log-kms-'))
    const file = join(folder, 'key.pem')
    await writeFile(
      file,
      createPrivateKey({ key: SEED, format: 'der', type: 'pkcs8' }).export({ format: 'pem', type: 'pkcs8' }),
    )
    kms = await openKmsServer(file, ['ED25519'])
    house = await openLogHouse()
    const place = { keyId: kms.keyId, region: 'eu-central-1', endpoint: kms.url, timeoutMs: 300 }
    key = kmsLogKey({ ...place, publicKey: KEY.publicKey.toString('hex') }, CREDENTIALS)
    sequencer = { ...house.tools, key }
  })
  after(async () => {
    key[Symbol.dispose]()
    await house[Symbol.asyncDispose]()
    await kms[Symbol.asyncDispose]()
    await rm(folder, { recursive: true, force: true })
  })

  const sizes = () => assertWholeLog(house.database, house.objects, house.store)

  test('its checkpoints open with the key that everybody has', async () => {
    await house.say(7)
    await house.run(sequencer)
    assert.deepEqual(await sizes(), [7])
    assert.deepEqual(kms.calls, ['Sign'], 'one call for one checkpoint')
  })

  const wrong: [KmsServer['mood'], object][] = [
    ['down', { away: true }],
    ['throttles', { away: true }],
    ['silent', { away: true }],
    ['expired', { away: true }],
    ['denies', { away: false }],
    ['disabled', { away: false }],
    ['other_key', { problem: 'wrong_key' }],
    ['junk', { problem: 'wrong_key' }],
  ]
  for (const [mood, facts] of wrong)
    test(`while KMS is ${mood} the log stands still, and then goes on`, async () => {
      const earlier = await sizes()
      await house.say(3)
      kms.mood = mood
      await assert.rejects(runRound(sequencer), (error) => {
        const code: FaultCode = 'signer_failed'
        assert.ok(isFault(error, code))
        assert.deepEqual({ ...error.facts, ...facts }, error.facts)
        const told = JSON.stringify([error.message, error.facts, error.field])
        for (const secret of ['SECRET', '1234abcd']) assert.ok(!told.includes(secret), told)
        return true
      })
      assert.equal(
        Number((await house.database.sql.selectFrom('darkroom.log').selectAll().executeTakeFirstOrThrow()).tree_size),
        earlier.at(-1),
      )
      kms.mood = 'well'
      await house.run(sequencer)
      assert.deepEqual(await sizes(), [...earlier, (earlier.at(-1) ?? 0) + 3])
    })

  test('a process that has another public key is told from the others', async () => {
    const secretOf = async (publicKey: Buffer) =>
      readSharedSecret(
        readConfig({ DARKROOM_LOG_KMS_KEY_ID: kms.keyId, DARKROOM_LOG_PUBLIC_KEY: publicKey.toString('base64') }),
        'log',
      )
    const [one, other] = [await secretOf(KEY.publicKey), await secretOf(Buffer.alloc(32, 9))]
    assert.equal(one.file, 'DARKROOM_LOG_PUBLIC_KEY')
    assert.notDeepEqual(one.bytes, other.bytes)
  })
})
