// The manifest store comes out of a file as it was signed into it, however large it is and in however many parts it lies.
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { manifestStoreOf } from '../../src/mark/manifest-store.ts'
import { openSigner } from '../../src/mark/signer.ts'
import { cartoon, imageOf } from './pictures.ts'
import { MANIFEST } from './signers.ts'

test('a store of one part and of several is taken out byte for byte, of each format', async () => {
  const home = await mkdtemp(join(tmpdir(), 'darkroom-store-'))
  try {
    const signer = await openSigner({ home })
    const picture = imageOf(await cartoon(97))
    for (const format of ['png', 'jpeg', 'webp'] as const)
      for (const notes of [10, 11, 150_000]) {
        const { bytes, manifest } = await signer.sign(await picture.toFormat(format).toBuffer(), `image/${format}`, {
          ...MANIFEST,
          format: `image/${format}`,
          assertions: [
            ...MANIFEST.assertions,
            { label: 'org.darkroom.test', created: true, data: { notes: 'n'.repeat(notes) } },
          ],
        })
        assert.ok(manifestStoreOf(bytes)?.equals(manifest), `${format}, ${manifest.length} bytes`)
      }
    assert.equal(manifestStoreOf(await picture.png().toBuffer()), null)
    assert.equal(manifestStoreOf(await picture.jpeg().toBuffer()), null)
  } finally {
    await rm(home, { recursive: true, force: true })
  }
})
