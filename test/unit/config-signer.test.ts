// What may be said of the signer and of the authority on time, and what is told of a mistake: the variable's name and never its value.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readConfig } from '../../src/kernel/config.ts'
import { isFault } from '../../src/kernel/fault.ts'

const CHAIN = { DARKROOM_SIGNER_CERTIFICATE_FILE: 'chain.pem', DARKROOM_SIGNER_ANCHOR_FILE: 'root.pem' }
const KEY = { DARKROOM_SIGNER_KEY_FILE: 'key.pem' }
const KMS = { DARKROOM_SIGNER: 'kms', DARKROOM_SIGNER_KMS_KEY_ID: 'alias/pictures' }
const COMMAND = { DARKROOM_SIGNER: 'command', DARKROOM_SIGNER_COMMAND: '["/opt/sign", "--slot", "0"]' }
const STAMPS = { DARKROOM_TIMESTAMP_URL: 'http://time.example.com/tsr' }

const signerOf = (env: Record<string, string>) => readConfig(env).signer

test('without a word a development CA signs, and with the files of a key that key', () => {
  assert.equal(signerOf({}).kind, 'development')
  assert.equal(signerOf({ ...CHAIN, ...KEY }).kind, 'pem')
  assert.equal(signerOf({ ...CHAIN, ...KEY, DARKROOM_SIGNER: 'pem' }).kind, 'pem')
})

test('a KMS key is where its ARN says, unless a region is named', () => {
  const arn = 'arn:aws:kms:eu-west-1:111122223333:key/1234abcd'
  assert.equal(signerOf({ ...CHAIN, ...KMS }).kms.region, null)
  assert.equal(signerOf({ ...CHAIN, ...KMS, DARKROOM_SIGNER_KMS_KEY_ID: arn }).kms.region, 'eu-west-1')
  const named = { DARKROOM_SIGNER_KMS_KEY_ID: arn, DARKROOM_SIGNER_KMS_REGION: 'us-east-2' }
  assert.equal(signerOf({ ...CHAIN, ...KMS, ...named }).kms.region, 'us-east-2')
})

test('a command is a program with its arguments, which no shell takes apart', () => {
  const { command } = signerOf({ ...CHAIN, ...COMMAND, DARKROOM_SIGNER_COMMAND: '["/opt/sign", "a b; c", "$(id)"]' })
  assert.deepEqual(command, ['/opt/sign', 'a b; c', '$(id)'])
})

test('an authority on time makes timestamps required, unless less is said', () => {
  const policyOf = (env: Record<string, string>) => readConfig(env).timestamps.policy
  assert.equal(policyOf({}), 'off')
  assert.equal(policyOf(STAMPS), 'required')
  assert.equal(policyOf({ ...STAMPS, DARKROOM_TIMESTAMP: 'preferred' }), 'preferred')
  assert.equal(policyOf({ ...STAMPS, DARKROOM_TIMESTAMP: 'off' }), 'off')
})

const MISTAKES: [what: string, env: Record<string, string>, told: RegExp][] = [
  ['a key without its chain', KEY, /CERTIFICATE_FILE, .*KEY_FILE, .*ANCHOR_FILE: set all three or none/],
  [
    'files and a development CA',
    { ...CHAIN, ...KEY, DARKROOM_SIGNER: 'development' },
    /not with DARKROOM_SIGNER=devel/,
  ],
  ['KMS without a key', { ...CHAIN, DARKROOM_SIGNER: 'kms' }, /KMS_KEY_ID: is needed with/],
  ['KMS without a chain', KMS, /CERTIFICATE_FILE, .*ANCHOR_FILE: are needed with DARKROOM_SIGNER=kms/],
  ['KMS and a key in a file', { ...CHAIN, ...KEY, ...KMS }, /KEY_FILE: not with DARKROOM_SIGNER=kms/],
  ['KMS and Ed25519', { ...CHAIN, ...KMS, DARKROOM_SIGNER_ALGORITHM: 'ed25519' }, /SIGNER_ALGORITHM: ed25519 is not/],
  [
    'an endpoint that is none',
    { ...CHAIN, ...KMS, DARKROOM_SIGNER_KMS_ENDPOINT: 'SECRET' },
    /KMS_ENDPOINT: expected a URL/,
  ],
  ['a KMS key without KMS', { DARKROOM_SIGNER_KMS_KEY_ID: 'SECRET' }, /KMS_KEY_ID: needs DARKROOM_SIGNER=kms/],
  ['a region without KMS', { DARKROOM_SIGNER_KMS_REGION: 'x' }, /KMS_REGION: needs DARKROOM_SIGNER=kms/],
  ['a command that is not there', { ...CHAIN, DARKROOM_SIGNER: 'command' }, /SIGNER_COMMAND: is needed with/],
  ['a command of nobody', { DARKROOM_SIGNER_COMMAND: '["SECRET"]' }, /SIGNER_COMMAND: needs DARKROOM_SIGNER=command/],
  ...['sign SECRET', '[]', '[""]', '["x", 1]', '{}'].map((text): [string, Record<string, string>, RegExp] => [
    `the command ${text}`,
    { ...CHAIN, ...COMMAND, DARKROOM_SIGNER_COMMAND: text },
    /SIGNER_COMMAND: expected a JSON array/,
  ]),
  [
    'a timestamp by nobody',
    { DARKROOM_TIMESTAMP: 'required' },
    /DARKROOM_TIMESTAMP: 'required' needs DARKROOM_TIMESTAMP_URL/,
  ],
  [
    'a password in an address',
    { DARKROOM_TIMESTAMP_URL: 'https://me:SECRET@time.example.com' },
    /TIMESTAMP_URL: expected/,
  ],
]

for (const [what, env, told] of MISTAKES)
  test(`${what} is a mistake that is named`, () => {
    assert.throws(
      () => readConfig(env),
      (error) => {
        assert.ok(isFault(error, 'config_invalid'))
        assert.match(error.message, told)
        return !error.message.includes('SECRET')
      },
    )
  })
