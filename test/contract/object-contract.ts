// The contract of every object store, as tests that a suite declares for a store of its own: the first writer wins, what comes back
// is what was stored, removal leaves nothing, links grant one object for a while. objects.test.ts holds files and S3 against it.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type FaultCode, isFault } from '../../src/kernel/fault.ts'
import type { ObjectStore, PublicStore } from '../../src/kernel/object-store.ts'

export const object = (text: string, contentType = 'image/png') => ({ bytes: Buffer.from(text), contentType })
export const fails = (code: FaultCode) => (error: unknown) => {
  assert.ok(isFault(error, code), String(error))
  assert.doesNotMatch(
    JSON.stringify([error.message, error.facts]),
    /img_|darkroom-test-secret/,
    'no key text, no secret',
  )
  return true
}

/** `links` fetches a link and answers its status; `damage` changes an object behind the store's back. */
export type Place = {
  images: PublicStore
  quarantine: ObjectStore
  fetchLink: (url: string) => Promise<{ status: number; type: string | null; body: Buffer }>
  damage: (key: string) => Promise<void>
}

export function contract(open: () => Promise<Place>): void {
  let counter = 0
  const newKey = () => `img_${++counter}.png`

  test('an object comes back as it was stored, with its type, also when it is empty', async () => {
    const { images } = await open()
    for (const [text, type] of [
      ['the picture\nof two lines', 'image/webp'],
      ['', 'image/png'],
    ] as const) {
      const key = newKey()
      assert.equal(await images.putIfAbsent(key, object(text, type)), 'created')
      const { bytes, contentType } = await images.get(key)
      assert.deepEqual([bytes.toString(), contentType], [text, type])
    }
  })

  test('of twenty writers one creates and the others find it', async () => {
    const { images } = await open()
    const key = newKey()
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, (_, index) => images.putIfAbsent(key, object(`writer ${index}`))),
    )
    assert.equal(outcomes.filter((outcome) => outcome === 'created').length, 1)
    assert.equal((await images.get(key)).bytes.toString(), `writer ${outcomes.indexOf('created')}`)
  })

  test('what is missing is missing, and removing it is no error', async () => {
    const { images } = await open()
    const key = newKey()
    await assert.rejects(images.get(key), fails('object_missing'))
    await images.remove(key)
  })

  test('what was removed is gone, and its key is free again', async () => {
    const { images } = await open()
    const [key, neighbour] = ['img_removed', 'img_removed1']
    await images.putIfAbsent(neighbour, object('stays'))
    for (const text of ['first', 'second']) {
      assert.equal(await images.putIfAbsent(key, object(text)), 'created')
      await images.remove(key)
      await assert.rejects(images.get(key), fails('object_missing'))
    }
    assert.equal((await images.get(neighbour)).bytes.toString(), 'stays')
  })

  test('a folder is emptied of everything, whatever is in it, and its neighbours stay', async () => {
    const { images } = await open()
    const inside = ['img_folder/generated', 'img_folder/marked-1', 'img_folder/marked-2']
    const outside = ['img_folder.png', 'img_folder2/generated']
    for (const key of [...inside, ...outside]) await images.putIfAbsent(key, object(key))
    await images.removeUnder('img_folder')
    for (const key of inside) await assert.rejects(images.get(key), fails('object_missing'))
    for (const key of outside) assert.equal((await images.get(key)).bytes.toString(), key)
    await images.removeUnder('img_folder')
    await assert.rejects(images.removeUnder('../img_folder'), fails('object_store_failed'))
  })

  test('what was changed behind the store is not handed out', async () => {
    const { images, damage } = await open()
    const key = newKey()
    await images.putIfAbsent(key, object('as it was'))
    await damage(key)
    await assert.rejects(images.get(key), fails('object_mismatch'))
  })

  test('a key is a plain path and nothing else', async () => {
    const { images } = await open()
    for (const key of [
      '../img_1',
      '/img_1',
      'img_1/',
      'a//img_1',
      'img_1?versionId=x',
      'img 1',
      '',
      '.img_1',
      'x'.repeat(301),
    ]) {
      await assert.rejects(images.putIfAbsent(key, object('x')), fails('object_store_failed'))
      await assert.rejects(images.get(key), fails('object_store_failed'))
      await assert.rejects(images.remove(key), fails('object_store_failed'))
      await assert.rejects(images.signedUrl(key, 60), fails('object_store_failed'))
    }
  })

  test('a link grants its object, with its type, until it runs out', async () => {
    const { images, fetchLink } = await open()
    const key = newKey()
    await images.putIfAbsent(key, object('seen', 'image/jpeg'))
    const link = await images.signedUrl(key, 2)
    const answer = await fetchLink(link)
    assert.deepEqual([answer.status, answer.type, answer.body.toString()], [200, 'image/jpeg', 'seen'])
    await sleep(3100)
    assert.ok([403, 404].includes((await fetchLink(link)).status), 'it ran out')
  })

  test('a link with its key, its end or its signature changed grants nothing', async () => {
    const { images, fetchLink } = await open()
    const [key, other] = [newKey(), newKey()]
    for (const one of [key, other]) await images.putIfAbsent(one, object(one))
    const link = await images.signedUrl(key, 60)
    const tampered = [
      link.replace(key, other),
      link.replace(/xpires=\d+/, (text) => `${text}9`),
      link.replace(/ignature=(.)/, (_, first) => `ignature=${first === '0' ? '1' : '0'}`),
      link.replace(/[?&][^&]*ignature=[^&]*/, ''),
      link.split('?')[0] ?? '',
    ]
    for (const url of tampered) {
      assert.notEqual(url, link)
      assert.ok([400, 403, 404].includes((await fetchLink(url)).status), url)
    }
  })

  test('the quarantine has no links', async () => {
    const { quarantine } = await open()
    await quarantine.putIfAbsent('img_held/generated', object('unseen'))
    // @ts-expect-error An ObjectStore makes no links: this is the type's promise.
    const { signedUrl } = quarantine
    if (signedUrl !== undefined) await assert.rejects(signedUrl('img_held/generated', 60), TypeError)
  })
}
