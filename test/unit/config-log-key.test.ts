// Where the log's key may be, and what is told of a mistake: the variable's name and never its value.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readConfig } from '../../src/kernel/config.ts'
import { isFault } from '../../src/kernel/fault.ts'

const ARN = 'arn:aws:kms:eu-west-1:111122223333:key/1234abcd'
const RAW = Buffer.alloc(32, 3).toString('base64')
const SPKI = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), Buffer.alloc(32, 3)]).toString('base64')

const keyOf = (env: Record<string, string>) => readConfig(env).logKms

test('without a word the log is signed with a secret; with a key and its public half, in KMS', () => {
  assert.equal(keyOf({}), null)
  for (const publicKey of [RAW, SPKI])
    assert.deepEqual(keyOf({ DARKROOM_LOG_KMS_KEY_ID: ARN, DARKROOM_LOG_PUBLIC_KEY: publicKey }), {
      ...{ keyId: ARN, region: 'eu-west-1', endpoint: null, timeoutMs: 5000 },
      publicKey: '03'.repeat(32),
    })
})

const mistakes: [string, Record<string, string>, RegExp][] = [
  ['a key without its public half', { DARKROOM_LOG_KMS_KEY_ID: ARN }, /set both or none/],
  ['a public half alone', { DARKROOM_LOG_PUBLIC_KEY: RAW }, /set both or none/],
  ['a region without a key', { DARKROOM_LOG_KMS_REGION: 'eu-west-1' }, /REGION: needs DARKROOM_LOG_KMS_KEY_ID/],
  ['an endpoint without a key', { DARKROOM_LOG_KMS_ENDPOINT: 'https://k.test' }, /ENDPOINT: needs/],
  [
    'a key of 31 bytes',
    { DARKROOM_LOG_KMS_KEY_ID: ARN, DARKROOM_LOG_PUBLIC_KEY: Buffer.alloc(31).toString('base64') },
    /PUBLIC_KEY: expected/,
  ],
  [
    'a key of another sort',
    { DARKROOM_LOG_KMS_KEY_ID: ARN, DARKROOM_LOG_PUBLIC_KEY: Buffer.alloc(91).toString('base64') },
    /PUBLIC_KEY: expected/,
  ],
  ['no base64', { DARKROOM_LOG_KMS_KEY_ID: ARN, DARKROOM_LOG_PUBLIC_KEY: `${RAW}!` }, /PUBLIC_KEY: expected/],
]
for (const [name, env, said] of mistakes)
  test(`${name} is refused by name`, () => {
    assert.throws(
      () => readConfig(env),
      (error) => isFault(error, 'config_invalid') && said.test(error.message) && !error.message.includes('1234abcd'),
    )
  })
