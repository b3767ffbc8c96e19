// Who signs, beside a key in a file: a KMS, which a server on this machine stands in for, and a program, which is openssl's here. What
// they sign is read back by the C2PA library, and their chains are held against openssl's own idea of a chain.
import assert from 'node:assert/strict'
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { pino } from 'pino'
import { openConfiguredSigner } from '../../src/commands/signer.ts'
import { readConfig } from '../../src/kernel/config.ts'
import { isFault } from '../../src/kernel/fault.ts'
import type { Signer } from '../../src/mark/signer.ts'
import { publicKeyOf } from '../../src/mark/signers/certificates.ts'
import { kmsKey } from '../../src/mark/signers/kms.ts'
import { rawFromDer } from '../../src/mark/signers/signature.ts'
import { type KmsServer, openKmsServer } from '../support/kms-server.ts'
import { type Authority, type Issued, openAuthority, openssl, P384, P521, RSA } from '../support/openssl.ts'
import { suiteOn } from '../support/services.ts'
import { tools } from '../support/tools.ts'
import { readBy, signed } from './signers.ts'

const log = pino({ level: 'silent' })
process.env.AWS_ACCESS_KEY_ID = 'test'
process.env.AWS_SECRET_ACCESS_KEY = 'SECRET-OF-THE-ACCOUNT'

suiteOn('signers', await tools('openssl'), () => {
  let home: string
  let authority: Authority
  let issued: Issued
  let stack: AsyncDisposableStack

  before(async () => {
    home = await mkdtemp(join(tmpdir(), 'darkroom-signers-'))
    authority = await openAuthority('Example pictures')
    issued = await authority.issue()
    stack = new AsyncDisposableStack()
  })
  after(async () => {
    await stack.disposeAsync()
    for (const folder of [home, authority.folder]) await rm(folder, { recursive: true, force: true })
  })

  const open = async (way: string, chainFile: string, env: Record<string, string>): Promise<Signer> =>
    openConfiguredSigner(
      readConfig({
        DARKROOM_HOME: home,
        DARKROOM_SIGNER: way,
        DARKROOM_SIGNER_CERTIFICATE_FILE: chainFile,
        DARKROOM_SIGNER_ANCHOR_FILE: authority.anchorFile,
        ...env,
      }),
      log,
      stack,
    )
  const openKms = ({ url, keyId }: KmsServer, chainFile: string, env = {}) =>
    open('kms', chainFile, { DARKROOM_SIGNER_KMS_KEY_ID: keyId, DARKROOM_SIGNER_KMS_ENDPOINT: url, ...env })
  const openCommand = (command: readonly string[], chainFile: string, env = {}) =>
    open('command', chainFile, { DARKROOM_SIGNER_COMMAND: JSON.stringify(command), ...env })
  const holds = async (signer: Signer, chainFile: string) => {
    const { state, problems } = await readBy(signer, (await signed(signer)).bytes)
    assert.deepEqual([signer.kind, state, problems], ['operator', 'Trusted', []])
    assert.match(await openssl('verify', '-CAfile', authority.anchorFile, chainFile), /: OK/)
  }
  const refusal = (facts: object) => (error: unknown) => {
    assert.ok(isFault(error, 'signer_failed'))
    const told = JSON.stringify([error.message, error.facts])
    for (const secret of ['SECRET', '1234abcd', 'stand-in']) assert.ok(!told.includes(secret), told)
    assert.deepEqual({ ...error.facts, ...facts }, error.facts)
    return true
  }

  describe('in a KMS', () => {
    it('sign with each curve and RSA: what KMS answers in DER is r‖s in the file, and reads Trusted', async () => {
      for (const key of [undefined, P384, P521, RSA]) {
        const leaf = await authority.issue(key === undefined ? {} : { key })
        await using kms = await openKmsServer(leaf.keyFile)
        await holds(await openKms(kms, leaf.chainFile), leaf.chainFile)
        assert.deepEqual(kms.calls.slice(0, 2), ['GetPublicKey', 'Sign'])
      }
    })

    it('are refused at the start when the key is not that of the certificate', async () => {
      const other = await authority.issue()
      await using kms = await openKmsServer(other.keyFile)
      await assert.rejects(openKms(kms, issued.chainFile), (error) => {
        assert.ok(isFault(error, 'signer_failed'))
        return error.field === 'DARKROOM_SIGNER_KMS_KEY_ID' && error.facts.problem === 'wrong_key'
      })
    })

    it('never let a signature out that another key made', async () => {
      await using kms = await openKmsServer(issued.keyFile)
      const signer = await openKms(kms, issued.chainFile)
      kms.mood = 'other_key'
      await assert.rejects(signed(signer), refusal({ problem: 'wrong_key' }))
      kms.mood = 'junk'
      await assert.rejects(signed(signer), refusal({ problem: 'not_a_signature' }))
    })

    it('are away when KMS throttles, is down or says nothing, and not when it refuses', async () => {
      await using kms = await openKmsServer(issued.keyFile)
      const signer = await openKms(kms, issued.chainFile, { DARKROOM_SIGNER_TIMEOUT_MS: '1500' })
      for (const [mood, away] of [
        ['throttles', true],
        ['down', true],
        ['silent', true],
        ['denies', false],
        ['disabled', false],
      ] as const) {
        kms.mood = mood
        await assert.rejects(signed(signer), refusal({ call: 'Sign', away }))
      }
      kms.mood = 'well'
      await holds(signer, issued.chainFile)
    })

    it('are away when the account’s credentials ran out or cannot be had, which at the start is a mistake', async () => {
      await using kms = await openKmsServer(issued.keyFile)
      const lacking = (name: string) => ({
        credentials: () => Promise.reject(Object.assign(new Error('no credentials'), { name })),
      })
      const place = { keyId: kms.keyId, region: 'eu-central-1', endpoint: kms.url, timeoutMs: 1500 }
      for (const name of ['CredentialsProviderError', 'TokenProviderError']) {
        using key = kmsKey(place, 'es256', publicKeyOf(issued.chainPem), lacking(name))
        await assert.rejects(key.sign(Buffer.from('x')), refusal({ call: 'Sign', error: name, away: true }))
        await assert.rejects(key.check(), refusal({ call: 'GetPublicKey', error: name, away: false }))
      }
      kms.mood = 'expired'
      using key = kmsKey(place, 'es256', publicKeyOf(issued.chainPem))
      await assert.rejects(key.sign(Buffer.from('x')), refusal({ away: true }))
      await assert.rejects(key.check(), refusal({ away: false }))
    })

    it('may be away at the start, but not be denied', async () => {
      await using kms = await openKmsServer(issued.keyFile)
      kms.mood = 'down'
      const signer = await openKms(kms, issued.chainFile)
      await assert.rejects(signed(signer), refusal({ away: true }))
      kms.mood = 'well'
      await holds(signer, issued.chainFile)
      kms.mood = 'denies'
      await assert.rejects(openKms(kms, issued.chainFile), refusal({ away: false }))
    })
  })

  describe('by a program', () => {
    const sign = ({ keyFile }: Issued, hash = 'sha256') => ['openssl', 'dgst', `-${hash}`, '-sign', keyFile]

    it('sign from standard input to standard output, with each curve', async () => {
      await holds(await openCommand(sign(issued), issued.chainFile), issued.chainFile)
      for (const [key, hash] of [
        [P384, 'sha384'],
        [P521, 'sha512'],
      ] as const) {
        const leaf = await authority.issue({ key })
        await holds(await openCommand(sign(leaf, hash), leaf.chainFile), leaf.chainFile)
      }
    })

    it('sign with RSA, whose signature has one form', async () => {
      const leaf = await authority.issue({ key: RSA })
      const pss = ['-sigopt', 'rsa_padding_mode:pss', '-sigopt', 'rsa_pss_saltlen:digest']
      await holds(await openCommand([...sign(leaf), ...pss], leaf.chainFile), leaf.chainFile)
    })

    it('get no shell, none of this process’ secrets, and are ended with what they started when they take too long', async () => {
      const marker = join(home, 'marker')
      const script = await program('slow', `sleep 30 & echo $! > ${marker}; sleep 30`)
      const began = performance.now()
      const env = { DARKROOM_SIGNER_TIMEOUT_MS: '1000' }
      await assert.rejects(openCommand([script], issued.chainFile, env), refusal({ problem: 'timeout' }))
      assert.ok(performance.now() - began < 5000)
      const command = `/proc/${(await readFile(marker, 'utf8')).trim()}/cmdline`
      for (let tries = 0; tries < 40 && (await readFile(command, 'utf8').catch(() => '')) !== ''; tries++)
        await sleep(50)
      assert.equal(await readFile(command, 'utf8').catch(() => ''), '', 'what it started has ended')
      const nosy = await program('nosy', 'env > "$1"; echo "$2" >> "$1"; exit 3')
      await assert.rejects(
        openCommand([nosy, join(home, 'seen'), '$(id); x'], issued.chainFile),
        refusal({ problem: 'exit', exitCode: 3 }),
      )
      const seen = await openssl('enc', '-base64', '-A', '-in', join(home, 'seen'))
      const text = Buffer.from(seen, 'base64').toString()
      assert.match(text, /\$\(id\); x/)
      assert.doesNotMatch(text, /SECRET|AWS_/)
    })

    it('tell nothing of what a program writes, and are bounded in it', async () => {
      const loud = await program('loud', 'echo SECRET >&2; echo SECRET; exit 1')
      await assert.rejects(openCommand([loud], issued.chainFile), refusal({ problem: 'exit', away: true }))
      const flood = await program('flood', 'yes SECRET')
      await assert.rejects(openCommand([flood], issued.chainFile), refusal({ problem: 'too_long', away: false }))
      await assert.rejects(
        openCommand([join(home, 'no-such-program')], issued.chainFile),
        refusal({ problem: 'not_started', away: false }),
      )
    })

    it('are refused when their signature is by another key, or in another form than was said', async () => {
      const other = await authority.issue()
      await assert.rejects(openCommand(sign(other), issued.chainFile), refusal({ problem: 'wrong_key' }))
      const raw = { DARKROOM_SIGNER_COMMAND_FORMAT: 'raw' }
      await assert.rejects(openCommand(sign(issued), issued.chainFile, raw), refusal({ problem: 'wrong_key' }))
    })

    it('are refused when the certificate’s key is for another algorithm than was said', async () => {
      await assert.rejects(
        openCommand(sign(issued), issued.chainFile, { DARKROOM_SIGNER_ALGORITHM: 'es384' }),
        (error) => isFault(error, 'config_invalid') && error.field === 'DARKROOM_SIGNER_ALGORITHM',
      )
    })

    async function program(name: string, body: string): Promise<string> {
      const path = join(home, name)
      await writeFile(path, `#!/bin/sh\n${body}\n`)
      await chmod(path, 0o700)
      return path
    }
  })

  it('a key in a file signs under a chain that openssl accepts', async () => {
    await holds(await open('pem', issued.chainFile, { DARKROOM_SIGNER_KEY_FILE: issued.keyFile }), issued.chainFile)
  })

  it('a signature in DER becomes r‖s of the curve’s size, and anything else is none', () => {
    const der = (r: string, s: string) =>
      Buffer.from(
        `30${hex(r.length / 2 + s.length / 2 + 4)}02${hex(r.length / 2)}${r}02${hex(s.length / 2)}${s}`,
        'hex',
      )
    const hex = (size: number) => size.toString(16).padStart(2, '0')
    const raw = rawFromDer(der(`00${'ff'.repeat(32)}`, '01'), 'es256')
    assert.equal(raw?.toString('hex'), `${'ff'.repeat(32)}${'00'.repeat(31)}01`)
    for (const bad of ['', '30', '3006020101', '300602010102020101', '3181', `${der('01', '01').toString('hex')}00`])
      assert.equal(rawFromDer(Buffer.from(bad, 'hex'), 'es256'), null, bad)
    assert.equal(rawFromDer(der('01'.repeat(33), '01'), 'es256'), null)
  })
})
