// When a signature was made, by an authority of RFC 3161 (openssl ts behind HTTP): what a reader is told, what an authority that is away
// does to signing, and what a timestamp is worth once the signer's certificate is over. The certificates of these tests really lapse.
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { isFault } from '../../src/kernel/fault.ts'
import { isAuthentic } from '../../src/mark/findings.ts'
import { hasLapsed } from '../../src/mark/manifest.ts'
import { openSigner, readManifest, type Signer, type SignerOptions } from '../../src/mark/signer.ts'
import { pemKey } from '../../src/mark/signers/pem.ts'
import { isLoopbackProxied, openStampAuthority } from '../../src/mark/timestamps.ts'
import { type Authority, type Issued, openAuthority } from '../support/openssl.ts'
import { suiteOn } from '../support/services.ts'
import { openTimestampAuthority, type TimestampAuthority } from '../support/timestamp-authority.ts'
import { tools } from '../support/tools.ts'
import { readBy, signed } from './signers.ts'

/** Certificates of these tests hold so long: enough to sign with, on a machine that is busy. */
const SHORT_SECONDS = 6

suiteOn('timestamps', await tools('openssl'), () => {
  let home: string
  let ours: Authority
  let issued: Issued
  let time: TimestampAuthority

  before(async () => {
    home = await mkdtemp(join(tmpdir(), 'darkroom-timestamps-'))
    ours = await openAuthority('Example pictures')
    issued = await ours.issue()
    time = await openTimestampAuthority()
  })
  after(async () => {
    await time[Symbol.asyncDispose]()
    for (const folder of [home, ours.folder, time.authority.folder]) await rm(folder, { recursive: true, force: true })
  })

  const open = (leaf: Issued, authority: Authority, options: Partial<SignerOptions> = {}): Promise<Signer> =>
    openSigner({ home, operator: { ...leaf, anchorPem: authority.anchorPem }, ...options })
  const dated = (policy: 'preferred' | 'required', leaf = issued, options: Partial<SignerOptions> = {}) =>
    open(leaf, ours, {
      timestamps: { url: time.url, policy, timeoutMs: 2000 },
      timestampAnchorsPem: time.anchorPem,
      ...options,
    })

  it('a signature is dated, and its reader is told when, by whom, and that it counts', async () => {
    await using signer = await dated('required')
    const began = Math.floor(Date.now() / 1000) * 1000
    const { bytes, unstamped } = await signed(signer)
    const { state, timestamp } = await readBy(signer, bytes)
    assert.deepEqual(
      [state, unstamped, timestamp?.signer, timestamp?.trusted],
      ['Trusted', null, 'Example time stamping', true],
    )
    assert.ok(Date.parse(timestamp?.time ?? '') >= began && Date.parse(timestamp?.time ?? '') <= Date.now() + 1000)
  })

  it('a timestamp by an authority whose root is not named is told, and counts for nothing', async () => {
    await using signer = await dated('required')
    const { bytes } = await signed(signer)
    const trust = { anchorsPem: ours.anchorPem, timestampAnchorsPem: null }
    const reading = await readManifest(bytes, 'image/png', trust)
    assert.ok(reading.found)
    assert.deepEqual([reading.state, reading.timestamp?.trusted], ['Trusted', false])
  })

  it('nothing is signed where a timestamp is required and the authority is away or of no use, and it is again once it is back', async () => {
    await using signer = await dated('required')
    for (const [mood, problem] of [
      ['down', 'unreachable'],
      ['reset', 'unreachable'],
      ['silent', 'timeout'],
      ['flood', 'unreachable'],
      ['junk', 'refused'],
      ['page', 'refused'],
      ['refuses', 'refused'],
    ] as const) {
      time.mood = mood
      await assert.rejects(signed(signer), (error) => {
        assert.ok(isFault(error, 'signer_failed'), String(error))
        assert.deepEqual(error.facts, { timestamp: problem, away: true }, mood)
        return error.retry === 'later'
      })
    }
    time.mood = 'well'
    assert.equal((await readBy(signer, (await signed(signer)).bytes)).timestamp?.trusted, true)
  })

  it('a file goes out without a timestamp where one is only preferred, and says why', async () => {
    await using signer = await dated('preferred')
    for (const [mood, problem] of [
      ['down', 'unreachable'],
      ['silent', 'timeout'],
      ['refuses', 'refused'],
    ] as const) {
      time.mood = mood
      const { bytes, unstamped } = await signed(signer)
      const { state, timestamp } = await readBy(signer, bytes)
      assert.deepEqual([state, timestamp, unstamped], ['Trusted', null, problem])
    }
    time.mood = 'well'
    assert.equal((await signed(signer)).unstamped, null)
  })

  it('a key that cannot sign is not taken for an authority that is away', async () => {
    const refused = Object.assign(new Error('no'), { name: 'Refused' })
    let works = true
    const key = pemKey(issued.keyPem)
    const operator = {
      chainPem: issued.chainPem,
      anchorPem: ours.anchorPem,
      algorithm: key.algorithm,
      sign: (bytes: Buffer) => (works ? key.sign(bytes) : Promise.reject(refused)),
    }
    const timestamps = { url: time.url, policy: 'required', timeoutMs: 2000 } as const
    await using signer = await openSigner({ home, operator, timestamps })
    works = false
    const { asked } = time
    await assert.rejects(
      signed(signer),
      (error) => isFault(error, 'signer_failed') && error.facts.timestamp === undefined,
    )
    assert.equal(time.asked, asked)
  })

  it('the way to the authority is open to this process only, and for one errand', async () => {
    await using stamps = openStampAuthority({ url: time.url, policy: 'required', timeoutMs: 2000 })
    const { asked } = time
    const ended = await (async () => {
      using errand = await stamps.lend()
      const { origin } = new URL(errand.url)
      for (const guess of [origin, `${origin}/${'0'.repeat(32)}`])
        assert.equal((await fetch(guess, { method: 'POST', body: 'x' })).status, 404)
      assert.equal((await fetch(errand.url)).status, 404)
      return errand.url
    })()
    assert.equal((await fetch(ended, { method: 'POST', body: 'x' })).status, 404)
    assert.equal(time.asked, asked)
  })

  it('a port of the loopback that is not to be had now is waited for, and asked for again by the next errand', async (t) => {
    const refuses = function (this: Server) {
      process.nextTick(() => this.emit('error', Object.assign(new Error('too many open files'), { code: 'EMFILE' })))
      return this
    }
    const listening = t.mock.method(Server.prototype, 'listen', refuses)
    {
      await using stamps = openStampAuthority({ url: time.url, policy: 'required', timeoutMs: 2000 })
      await assert.rejects(stamps.lend(), (error) => isFault(error, 'signer_failed') && error.facts.away === true)
      listening.mock.restore()
      using errand = await stamps.lend()
      assert.match(errand.url, /^http:/)
    }
    const never = openStampAuthority({ url: time.url, policy: 'required', timeoutMs: 2000 })
    t.mock.method(Server.prototype, 'listen', refuses)
    const lent = assert.rejects(never.lend())
    await never[Symbol.asyncDispose]()
    await lent
  })

  it('an authority that was not asked is not blamed, and its picture is not tried for ever', async (t) => {
    const servers: Server[] = []
    const { listen } = Server.prototype
    t.mock.method(Server.prototype, 'listen', function (this: Server, ...given: Parameters<typeof listen>) {
      servers.push(this)
      return listen.apply(this, given)
    })
    for (const policy of ['required', 'preferred'] as const) {
      await using signer = await dated(policy)
      await signed(signer)
      for (const server of servers.splice(0)) {
        const { promise, resolve } = Promise.withResolvers<void>()
        server.close(() => resolve())
        if ('closeAllConnections' in server && typeof server.closeAllConnections === 'function')
          server.closeAllConnections()
        await promise
      }
      await assert.rejects(signed(signer), (error) => {
        assert.ok(isFault(error, 'signer_failed'))
        return error.facts.timestamp === undefined && error.facts.away === undefined
      })
    }
  })

  it('a proxy that would take even the loopback’s questions is seen', () => {
    const HTTP_PROXY = 'http://proxy.example.com'
    for (const env of [
      { HTTP_PROXY },
      { http_proxy: HTTP_PROXY, NO_PROXY: 'localhost,10.0.0.0/8' },
      { all_proxy: HTTP_PROXY },
    ])
      assert.equal(isLoopbackProxied(env), true, JSON.stringify(env))
    for (const env of [
      {},
      { HTTP_PROXY, NO_PROXY: 'x, 127.0.0.1' },
      { HTTP_PROXY, no_proxy: '127.0.0.0/8' },
      { NO_PROXY: '*' },
    ])
      assert.equal(isLoopbackProxied(env), false, JSON.stringify(env))
  })

  it('an e-mail certificate under the root of the authority on time is not ours', async () => {
    const theirs = await time.authority.issue()
    await using stranger = await open(theirs, time.authority, {
      timestamps: { url: time.url, policy: 'required', timeoutMs: 2000 },
    })
    const { bytes } = await signed(stranger)
    await using reader = await dated('required')
    const { state, problems, timestamp } = await readBy(reader, bytes)
    assert.deepEqual([state, problems, timestamp?.trusted], ['Valid', ['signingCredential.untrusted'], true])
  })

  it('once certificates are over, what was dated before stays Trusted, what was not reads Invalid, and nothing more is signed', async () => {
    const [leaf, theirs] = await Promise.all([
      ours.issue({ seconds: SHORT_SECONDS }),
      time.authority.issue({ seconds: SHORT_SECONDS }),
    ])
    const began = performance.now()
    await using signer = await dated('required', leaf)
    await using undated = await open(leaf, ours, { timestampAnchorsPem: time.anchorPem })
    await using stranger = await open(theirs, time.authority, {
      timestamps: { url: time.url, policy: 'required', timeoutMs: 2000 },
    })
    const [with_, without, foreign] = await Promise.all([signed(signer), signed(undated), signed(stranger)])
    assert.equal((await readBy(signer, without.bytes)).state, 'Trusted')
    await sleep(SHORT_SECONDS * 1000 - (performance.now() - began) + 1500)

    const kept = await readBy(signer, with_.bytes)
    assert.deepEqual([kept.state, kept.problems, kept.timestamp?.trusted], ['Trusted', [], true])
    const lost = await readBy(signer, without.bytes)
    assert.deepEqual([lost.state, lost.problems, hasLapsed(lost)], ['Invalid', ['signingCredential.expired'], true])
    const never = await readBy(signer, foreign.bytes)
    assert.equal(never.state, 'Invalid')
    assert.ok(never.problems.includes('signingCredential.untrusted') && !hasLapsed(never))
    const unknown = await readManifest(with_.bytes, 'image/png', { ...signer.trust, timestampAnchorsPem: null })
    assert.equal(unknown.found && unknown.state, 'Invalid')

    const altered = await readBy(signer, withChangedByte(with_.bytes, 30))
    assert.ok(altered.state === 'Invalid' && !hasLapsed(altered) && isAuthentic(altered), altered.problems.join())
    assert.ok(!isAuthentic(await readBy(signer, withChangedByte(without.bytes, 30))))
    const forged = await readBy(signer, withChangedByte(with_.bytes, -30))
    assert.ok(forged.state === 'Invalid' && !hasLapsed(forged) && !isAuthentic(forged), forged.problems.join())

    for (const one of [signer, undated])
      await assert.rejects(
        signed(one),
        (error) => isFault(error, 'signer_failed') && error.facts.problem === 'certificate_over',
      )
    await assert.rejects(dated('required', leaf), (error) => isFault(error, 'signer_failed'))
  })
})

/** After the picture's pixels begin; before them, the signature. */
function withChangedByte(bytes: Buffer, offset: number): Buffer {
  const changed = Buffer.from(bytes)
  const at = changed.lastIndexOf('IDAT') + offset
  changed[at] = (changed[at] ?? 0) ^ 1
  return changed
}
