// Another key, another root, and certificates that come to their end: what was signed before stays Trusted for as long as its root is named,
// in this process and in the child that reads strangers' files, and the end is told long before it comes.
import assert from 'node:assert/strict'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { after, before, test } from 'node:test'
import { pino } from 'pino'
import { openConfiguredSigner } from '../../src/commands/signer.ts'
import { readConfig } from '../../src/kernel/config.ts'
import { isFault } from '../../src/kernel/fault.ts'
import { meters } from '../../src/kernel/meters.ts'
import { endOf } from '../../src/mark/signers/certificates.ts'
import { openManifests } from '../../workers/manifests.ts'
import { type Authority, type Issued, openAuthority } from '../support/openssl.ts'
import { suiteOn } from '../support/services.ts'
import { tools } from '../support/tools.ts'
import { readBy, signed } from './signers.ts'

const DAY = 86_400

suiteOn('rotation', await tools('openssl'), () => {
  let former: Authority
  let present: Authority
  let stack: AsyncDisposableStack
  before(async () => {
    stack = new AsyncDisposableStack()
    former = await openAuthority('Former')
    present = await openAuthority('Present')
  })
  after(async () => {
    await stack.disposeAsync()
    for (const { folder } of [former, present]) await rm(folder, { recursive: true, force: true })
  })

  const open = ({ folder, anchorFile }: Authority, { chainFile, keyFile }: Issued, env = {}, log = silent()) =>
    openConfiguredSigner(
      readConfig({
        DARKROOM_HOME: folder,
        DARKROOM_SIGNER_CERTIFICATE_FILE: chainFile,
        DARKROOM_SIGNER_KEY_FILE: keyFile,
        DARKROOM_SIGNER_ANCHOR_FILE: anchorFile,
        ...env,
      }),
      log,
      stack,
    )

  test('under another root, what was signed before is Trusted for as long as its root is named', async () => {
    const before = (await signed(await open(former, await former.issue()))).bytes
    const issued = await present.issue()
    const without = await open(present, issued)
    assert.equal((await readBy(without, before)).state, 'Valid')
    const earlier = { DARKROOM_SIGNER_EARLIER_ANCHORS_FILE: former.anchorFile }
    const now = await open(present, issued, earlier)
    assert.equal((await readBy(now, before)).state, 'Trusted')
    assert.equal((await readBy(now, (await signed(now)).bytes)).state, 'Trusted')
    await using child = openManifests({ trust: now.trust, log: silent() })
    assert.equal((await readBy(child, before)).state, 'Trusted')
  })

  test('a new certificate under the same root needs no more than its file', async () => {
    const before = (await signed(await open(present, await present.issue()))).bytes
    assert.equal((await readBy(await open(present, await present.issue()), before)).state, 'Trusted')
  })

  test('several roots may be named, and what is no certificate is refused by its variable', async () => {
    const third = await openAuthority('Third')
    const bundle = join(third.folder, 'bundle.pem')
    await writeFile(bundle, `A comment\n${third.anchorPem}\n${former.anchorPem}`)
    const issued = await present.issue()
    const now = await open(present, issued, { DARKROOM_SIGNER_EARLIER_ANCHORS_FILE: bundle })
    for (const one of [third, former])
      assert.equal((await readBy(now, (await signed(await open(one, await one.issue()))).bytes)).state, 'Trusted')
    for (const name of ['DARKROOM_SIGNER_EARLIER_ANCHORS_FILE', 'DARKROOM_SIGNER_ANCHOR_FILE'])
      for (const text of ['', 'SECRET', '-----BEGIN CERTIFICATE-----\nSECRET\n-----END CERTIFICATE-----']) {
        await writeFile(bundle, text)
        await assert.rejects(open(present, issued, { [name]: bundle }), (error) => {
          assert.ok(isFault(error, 'config_invalid'), String(error))
          return error.field === name && !error.message.includes('SECRET')
        })
      }
    await rm(third.folder, { recursive: true, force: true })
  })

  test('the end of a certificate is loud from thirty days before on, and always in the meters', async () => {
    const lines: { level: number; days?: number; msg: string }[] = []
    const sink = new Writable({
      write: (line, _encoding, done) => {
        lines.push(JSON.parse(String(line)))
        done()
      },
    })
    for (const [days, loud] of [
      [32, false],
      [29, true],
      [1, true],
    ] as const) {
      lines.length = 0
      await open(present, await present.issue({ seconds: days * DAY + 60 }), {}, pino({ level: 'warn' }, sink))
      assert.deepEqual(
        lines.map(({ level, days }) => [level, days]),
        loud ? [[50, days]] : [],
      )
      const said = /darkroom_signer_certificate_expires_seconds\{signer="operator"\} (\S+)/.exec(await meters.metrics())
      assert.ok(Math.abs(Number(said?.[1]) - days * DAY) < 120, String(said))
    }
  })

  test('the end of a chain is that of its first certificate to end', async () => {
    const [later, sooner] = [await present.issue({ seconds: 50 * DAY }), await present.issue({ seconds: 5 * DAY })]
    const end = endOf(`${later.chainPem}\n${sooner.chainPem}`)
    assert.ok(Math.abs(end.getTime() - Date.now() - 5 * DAY * 1000) < 120_000)
  })

  test('a certificate that is over is refused at the start', async () => {
    await assert.rejects(
      open(present, await present.issue({ seconds: -60 })),
      (error) => isFault(error, 'signer_failed') && error.facts.problem === 'certificate_over',
    )
  })
})

function silent() {
  return pino({ level: 'silent' })
}
