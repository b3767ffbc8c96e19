// Who signs: a development CA that is made once and kept, or an operator's chain that its own anchor must lead to.
import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { isFault } from '../../src/kernel/fault.ts'
import { issueDevelopmentChain } from '../../src/mark/development-ca.ts'
import { parseMarkKeys } from '../../src/mark/mark-keys.ts'
import { openSigner, type Signer } from '../../src/mark/signer.ts'

let home: string
let signer: Signer

const refuses =
  (code: Parameters<typeof isFault>[1], check: (detail: string) => boolean = () => true) =>
  (error: unknown) =>
    isFault(error, code) && check(`${error.message} ${error.field} ${JSON.stringify(error.facts)}`)
before(async () => {
  home = await mkdtemp(join(tmpdir(), 'darkroom-signer-'))
  signer = await openSigner({ home })
})
after(() => rm(home, { recursive: true, force: true }))

describe('the signer', () => {
  it('makes a development CA once, readable by its owner only, and keeps it', async () => {
    const path = join(home, 'secrets', 'development-signer.json')
    assert.equal((await stat(path)).mode & 0o777, 0o600)
    const before = await readFile(path, 'utf8')
    assert.equal((await openSigner({ home })).anchorPem, signer.anchorPem)
    assert.equal(await readFile(path, 'utf8'), before)
  })

  it('names the file that is empty or torn instead of making a second CA over it', async () => {
    const other = await mkdtemp(join(home, 'broken-'))
    await openSigner({ home: other })
    const path = join(other, 'secrets', 'development-signer.json')
    await writeFile(path, '')
    await assert.rejects(
      openSigner({ home: other }),
      refuses('config_invalid', (detail) => detail.includes(path)),
    )
    await writeFile(path, '{"chain": "')
    await assert.rejects(
      openSigner({ home: other }),
      refuses('config_invalid', (detail) => detail.includes(path)),
    )
  })

  it('refuses at start an operator chain that its own anchor does not lead to', async () => {
    const [mine, theirs] = [await issueDevelopmentChain('Mine'), await issueDevelopmentChain('Theirs')]
    const operator = { chainPem: mine.chain, keyPem: mine.key, anchorPem: theirs.anchor }
    await assert.rejects(
      openSigner({ home, operator }),
      refuses('signer_failed', (d) => d.includes('signingCredential.untrusted')),
    )
    const opened = await openSigner({ home, operator: { ...operator, anchorPem: mine.anchor } })
    assert.equal(opened.kind, 'operator')
  })

  it('never repeats a key in an error', async () => {
    const { chain, anchor } = await issueDevelopmentChain('Mine')
    const operator = { chainPem: chain, anchorPem: anchor, keyPem: 'SECRET' }
    await assert.rejects(
      openSigner({ home, operator }),
      refuses('signer_failed', (detail) => !detail.includes('SECRET')),
    )
    assert.throws(
      () => parseMarkKeys('[{"epoch":1,"secret":"SECRET"}]', 'KEYS'),
      refuses('signer_failed', (d) => !d.includes('SECRET')),
    )
  })
})
