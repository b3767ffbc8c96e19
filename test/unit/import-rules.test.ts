// The source tree keeps DESIGN's import rules; and each rule, tried on made-up files, bites.

import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { test } from 'node:test'
import { findViolations, importsOf } from '../support/import-rules.ts'

const root = resolve(import.meta.dirname, '../..')

test('every source file keeps the import rules', () => {
  const paths = globSync('{src,models,workers}/**/*.{ts,mts,js,mjs}', { cwd: root, exclude: ['models/packs/**'] })
  const files = new Map(paths.map((path) => [path, readFileSync(join(root, path), 'utf8')]))
  assert.ok(files.size > 0)
  assert.deepEqual(findViolations(files), [])
})

test('an import is seen in each form it can take', () => {
  const text = `import type { A } from './a.ts'
    import './b.ts'
    export * from './c.ts'
    export { d } from './d.ts'
    const e = await import('./e.ts')
    new Worker(new URL('./f.ts', import.meta.url))
    const page = \`import x from './not-this.ts'\` // import './nor-this.ts'`
  const seen = importsOf('src/kernel/x.ts', text).map(({ specifier, runsHere }) => [specifier, runsHere])
  assert.deepEqual(seen.sort(), [
    ['./a.ts', false],
    ['./b.ts', true],
    ['./c.ts', true],
    ['./d.ts', true],
    ['./e.ts', true],
    ['./f.ts', false],
  ])
})

const allowed: [string, string][] = [
  ['src/advance.ts', './kernel/tasks.ts'],
  ['src/admit/a.ts', '../policy/evaluate.ts'],
  ['src/admit/a.ts', '../advance.ts'],
  ['src/admit/a.ts', './caller.ts'],
  ['src/http/images.ts', '../publish/release.ts'],
  ['src/http/server.ts', 'fastify'],
  ['src/console/console.ts', '@fastify/multipart'],
  ['src/schedule/doorbell.ts', 'bullmq'],
  ['src/mark/signer.ts', '@contentauth/c2pa-node'],
  ['src/mark/trustmark.ts', '@contentauth/c2pa-node'],
  ['src/kernel/kms.ts', '@aws-sdk/client-kms'],
  ['src/mark/signers/command.ts', 'node:child_process'],
  ['src/main.ts', '../workers/gpu.ts'],
  ['src/main.ts', './http/server.ts'],
  ['src/commands/serve.ts', '../../workers/gpu.ts'],
  ['src/main.ts', './commands/serve.ts'],
  ['src/publish/release.ts', '../outcome.ts'],
  ['workers/inference.ts', '../models/families/sd.ts'],
  ['workers/inference-child.ts', 'node:child_process'],
  ['models/families/sd.ts', '../schedulers/ddim.ts'],
  ['models/runtime/session.ts', 'onnxruntime-node'],
  ['models/hub/hub.ts', '@huggingface/hub'],
]

const forbidden: [string, string, RegExp][] = [
  ['src/journey.ts', './kernel/ids.ts', /journey may not import kernel/],
  ['src/kernel/tasks.ts', '../schedule/doorbell.ts', /kernel may not import schedule/],
  ['src/kernel/log.ts', '../tenant/keys.ts', /kernel may not import tenant/],
  ['src/advance.ts', './policy/load.ts', /advance may not import policy/],
  ['src/admit/a.ts', '../mark/encode.ts', /admit may not import mark/],
  ['src/tenant/a.ts', '../publish/erase.ts', /tenant may not import publish/],
  ['src/mark/a.ts', '../http/problem.ts', /mark may not import http/],
  ['src/generate/a.ts', '../../models/families/sd.ts', /generate may not import models/],
  ['src/http/a.ts', '../../models/families/sd.ts', /http may not import models/],
  ['models/families/sd.ts', '../../src/kernel/fault.ts', /models may not import kernel/],
  ['models/families/sd.ts', 'pg', /models may not import pg/],
  ['src/publish/a.ts', 'fastify', /fastify belongs to/],
  ['src/main.ts', '@fastify/swagger', /@fastify\/swagger belongs to/],
  ['src/schedule/ring.ts', 'bullmq', /bullmq belongs to/],
  ['src/audit/a.ts', '@aws-sdk/client-s3', /client-s3 belongs to/],
  ['src/publish/a.ts', '@aws-sdk/client-kms', /client-kms belongs to/],
  ['src/mark/signers/pem.ts', '@aws-sdk/client-s3', /client-s3 belongs to/],
  ['src/http/a.ts', '@contentauth/c2pa-node', /c2pa-node belongs to/],
  ['src/mark/verify.ts', '@contentauth/c2pa-node', /c2pa-node belongs to/],
  ['src/mark/signers/pem.ts', 'node:child_process', /child_process belongs to/],
  ['src/generate/a.ts', 'node:child_process', /child_process belongs to/],
  ['src/moderate/a.ts', 'onnxruntime-node', /onnxruntime-node belongs to/],
  ['models/runtime/pack.ts', '@huggingface/hub', /hub belongs to/],
  ['src/kernel/a.ts', '../outcome.ts', /kernel may not import outcome/],
  ['src/console/a.ts', '../commands/serve.ts', /console may not import main/],
  ['src/http/a.ts', '../main.ts', /http may not import main/],
  ['src/schedule/a.ts', '../../workers/dispatcher.ts', /schedule may not import workers/],
  ['src/everything/a.ts', '../kernel/ids.ts', /no part of the design is called everything/],
]

test('what the design allows passes', () => {
  for (const [file, specifier] of allowed) {
    assert.deepEqual(findViolations(new Map([[file, `import '${specifier}'\n`]])), [], `${file} imports ${specifier}`)
  }
})

test('each forbidden import is found, as a type too', () => {
  for (const [file, specifier, message] of forbidden) {
    for (const text of [`import { x } from '${specifier}'\n`, `import type { X } from '${specifier}'\n`]) {
      const found = findViolations(new Map([[file, text]]))
      assert.equal(found.length, 1, `${file} imports ${specifier}: ${found.join('; ')}`)
      assert.match(found[0] ?? '', message)
    }
  }
})

test('an adapter that two files share is found', () => {
  const text = "import '@aws-sdk/client-s3'\n"
  const found = findViolations(
    new Map([
      ['src/publish/sign.ts', text],
      ['src/publish/read.ts', text],
    ]),
  )
  assert.equal(found.length, 1)
  assert.match(found[0] ?? '', /one adapter, but src\/publish\/read\.ts, src\/publish\/sign\.ts import it/)
})

test('a cycle is found, of two files and of three, and a diamond or a type makes none', () => {
  const tree = (edges: [string, string[]][]) =>
    new Map(
      edges.map(([file, targets]) => [`src/kernel/${file}.ts`, targets.map((t) => `import './${t}.ts'\n`).join('')]),
    )
  assert.match(
    findViolations(
      tree([
        ['a', ['b']],
        ['b', ['a']],
      ]),
    ).join(),
    /^cycle: src\/kernel\/a\.ts -> /,
  )
  assert.match(
    findViolations(
      tree([
        ['a', ['b']],
        ['b', ['c']],
        ['c', ['a']],
      ]),
    ).join(),
    /a\.ts -> .*b\.ts -> .*c\.ts -> .*a\.ts/,
  )
  assert.deepEqual(
    findViolations(
      tree([
        ['a', ['b', 'c']],
        ['b', ['d']],
        ['c', ['d']],
        ['d', []],
      ]),
    ),
    [],
  )
  const typed = new Map([
    ['src/kernel/a.ts', "import './b.ts'\n"],
    ['src/kernel/b.ts', "import type { A } from './a.ts'\n"],
  ])
  assert.deepEqual(findViolations(typed), [])
})

test('a barrel, a utils and a file over 300 lines are found', () => {
  for (const [file, message] of [
    ['src/mark/index.ts', /no barrel/],
    ['src/kernel/utils.ts', /not utils/],
    ['src/http/helpers/format.ts', /not utils/],
  ] as const) {
    assert.match(findViolations(new Map([[file, '']])).join(), message)
  }
  assert.match(findViolations(new Map([['src/mark/long.ts', '\n'.repeat(301)]])).join(), /301 lines/)
  assert.deepEqual(findViolations(new Map([['src/mark/fits.ts', '\n'.repeat(300)]])), [])
})
