// Repositories that no pack is made of: each is refused by its path or field, before its weights are fetched where that can be known.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { openHub } from '../../models/hub/hub.ts'
import { pullPack, readRepo } from '../../models/hub/pull.ts'
import type { ModelErrorCode } from '../../models/runtime/error.ts'
import { surveyPacks } from '../../models/runtime/survey.ts'
import { startHub } from './hub.ts'
import { published, REPO, refusal, UNET } from './pulling.ts'
import { temporaryFolder } from './tiny.ts'

describe('a repository', () => {
  const refused: [
    string,
    ModelErrorCode,
    { file?: RegExp; field?: string; message?: RegExp },
    Record<string, Buffer | string | null>,
  ][] = [
    ['with a path that climbs out', 'pack_unsupported', { field: '../evil.onnx' }, { '../evil.onnx': 'x' }],
    ['with one that climbs out in the middle', 'pack_unsupported', { field: 'a/../../b.py' }, { 'a/../../b.py': 'x' }],
    ['with an absolute path', 'pack_unsupported', { field: '/etc/model.onnx' }, { '/etc/model.onnx': 'x' }],
    ['with a backslash', 'pack_unsupported', { field: '..\\model.onnx' }, { '..\\model.onnx': 'x' }],
    ['with a name of odd characters', 'pack_unsupported', { field: 'unet/a;b.onnx' }, { 'unet/a;b.onnx': 'x' }],
    [
      'with two names that differ by case',
      'pack_unsupported',
      { field: 'UNET/model.onnx' },
      { 'UNET/model.onnx': 'x' },
    ],
    ['without an index', 'pack_unsupported', { field: 'model_index.json' }, { 'model_index.json': null }],
    ['whose card states no licence', 'pack_unsupported', { field: 'licence' }, { 'README.md': '# tiny' }],
    [
      'whose pipeline is not known',
      'pack_unsupported',
      { field: '_class_name' },
      { 'model_index.json': '{"_class_name": "KandinskyPipeline"}' },
    ],
    [
      'with a graph of Git LFS alone',
      'pack_corrupt',
      { message: /git lfs pull/ },
      { [UNET]: 'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n' },
    ],
    ['with a card of 5 MiB', 'pack_corrupt', { field: 'size_bytes' }, { 'README.md': Buffer.alloc(5 * 2 ** 20) }],
  ]
  for (const [what, code, where, changes] of refused)
    it(`${what} is refused: ${where.field ?? where.message}`, async () => {
      await using server = await startHub({ name: REPO, files: await published(changes) })
      await using folder = await temporaryFolder()
      const order = { packsDir: folder.path, ...readRepo(REPO), include: [], maxBytes: 1e9 }
      const hooks = { onPlan: () => undefined, onProgress: () => undefined, accept: async () => 'ada' }
      await assert.rejects(
        pullPack(openHub({ address: server.address, token: null }), order, hooks),
        refusal(code, where),
      )
      assert.deepEqual((await surveyPacks(folder.path)).packs, [])
      if (where.field === '_class_name')
        assert.equal(server.sent.get(UNET), undefined, 'before its weights are fetched')
    })

  it('without weights in ONNX is refused', async () => {
    const none = Object.fromEntries(
      [...(await published()).keys()].filter((path) => path.endsWith('.onnx')).map((path) => [path, null]),
    )
    await using server = await startHub({ name: REPO, files: await published(none) })
    await using folder = await temporaryFolder()
    const order = { packsDir: folder.path, ...readRepo(REPO), include: [], maxBytes: 1e9 }
    const hooks = { onPlan: () => undefined, onProgress: () => undefined, accept: async () => 'ada' }
    const pulled = pullPack(openHub({ address: server.address, token: null }), order, hooks)
    await assert.rejects(pulled, refusal('pack_unsupported', { message: /optimum-cli/ }))
  })

  it('is named OWNER/NAME, with a revision or without', () => {
    assert.deepEqual(readRepo('a/b'), { repo: 'a/b', revision: 'main' })
    assert.deepEqual(readRepo('a/b.c@refs/pr/1'), { repo: 'a/b.c', revision: 'refs/pr/1' })
    for (const text of [
      '',
      '/b',
      'a/',
      'a/b/c',
      '../b',
      'a/..',
      'a b',
      'a/b@',
      'a/b@c d',
      'https://hub/a/b',
      'a/b?x',
      'a/b@../c',
    ])
      assert.throws(() => readRepo(text), refusal('invalid_input', { field: 'repo' }), text)
  })
})
