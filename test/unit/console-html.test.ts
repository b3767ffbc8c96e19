// What the console's pages are made of: markup that cannot be broken out of, and files that belong together.
import assert from 'node:assert/strict'
import { posix } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { loadAssets } from '../../src/console/assets.ts'
import { html } from '../../src/console/html.ts'

const readBack = (text: string) =>
  text.replace(
    /&(amp|lt|gt|quot|#39);/g,
    (_, name) => ({ amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" })[String(name)] ?? '',
  )

test('text put into markup never becomes an element or leaves its attribute', () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('"><script>', "' onload=x '", '&lt;', '</p>')),
      (typed) => {
        const [, attribute = '', text = ''] =
          /^<p title="([^"]*)">([^<]*)<\/p>$/s.exec(`${html`<p title="${typed}">${typed}</p>`}`) ?? []
        assert.equal(readBack(attribute), typed)
        assert.equal(readBack(text), typed)
      },
    ),
  )
})

test('markup made by html stays markup, lists are joined, and nothing is printed for what is absent', () => {
  const items = ['a', '<b>'].map((one) => html`<li>${one}</li>`)
  assert.equal(`${html`<ul>${items}</ul>${null}${undefined}${false}${0}`}`, '<ul><li>a</li><li>&lt;b&gt;</li></ul>0')
})

test('modules are served as JavaScript under the path that their imports name, all of one version', async () => {
  const { files, at, version } = await loadAssets()
  for (const [name, { body, contentType }] of files) {
    if (!name.endsWith('.ts')) continue
    assert.match(contentType, /^text\/javascript/)
    assert.doesNotMatch(body, /\bimport type\b|\binterface \w+ \{/, name)
    for (const [, path] of body.matchAll(/(?:from|import)"(\.{1,2}\/[^"]+)"/g))
      assert.ok(files.has(posix.join(posix.dirname(name), path ?? '')), `${name} imports ${path}`)
  }
  assert.equal(at('console.css'), `/console/${version}/console.css`)
})

test('all modules together are under 60 kB of script as they are sent, and those of any one page also unpacked', async () => {
  const { files, withImports } = await loadAssets()
  const sizes = [...files].filter(([name]) => name.endsWith('.ts'))
  const sent = sizes.reduce((sum, [, { brotli }]) => sum + brotli.length, 0)
  assert.ok(sent < 60_000, `${sent} bytes are sent`)
  for (const [entry] of sizes) {
    const unpacked = withImports(entry).reduce((sum, name) => sum + (files.get(name)?.body.length ?? 0), 0)
    assert.ok(unpacked < 60_000, `${entry} runs ${unpacked} bytes`)
  }
})

test('a page names all that its modules import, itself first, each once', async () => {
  const { withImports } = await loadAssets()
  const names = withImports('playground.ts')
  assert.equal(names[0], 'playground.ts')
  assert.ok(names.includes('dom.ts') && names.includes('watch.ts'))
  assert.equal(new Set(names).size, names.length)
  assert.throws(() => withImports('nothing.ts'), TypeError)
})
