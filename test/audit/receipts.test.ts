// Receipts: what an owner is given is enough to check, with the log's key and nothing else, that the log has the record; it shows no
// more than the owner may see, and every change of it is found.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { verifierKeyOf, verifierOf } from '../../src/audit/log-keys.ts'
import { parseLogProof } from '../../src/audit/log-proof.ts'
import { checkReceipt } from '../../src/audit/receipt-check.ts'
import { decodeEntries } from '../../src/audit/tiles.ts'
import { sha256 } from '../../src/kernel/canonical.ts'
import { type House, openHouse } from '../publish/house.ts'
import { growLog } from '../support/log-rounds.ts'

const ORIGIN = 'darkroom.test/log'

let house: House
let folder: string
before(async () => {
  house = await openHouse()
  folder = await mkdtemp(join(tmpdir(), 'darkroom-receipt-'))
})
after(async () => {
  await house[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

const key = () => verifierOf(house.service.transparency.key, ORIGIN)
const grow = () => growLog(house.ground.database, house.service.transparency)
const pictureOf = async (imageId: string) => (await house.ground.images.get(`${imageId}.png`)).bytes

async function receipt(path: string): Promise<string> {
  const response = await house.service.call(path)
  assert.equal(response.status, 200)
  assert.equal(response.headers.get('content-type'), 'text/plain; charset=utf-8')
  return response.text()
}

test('the receipt of a released picture is checked offline, with the file, and opens its release', async () => {
  const { imageId } = await house.published()
  await grow()
  const text = await receipt(`/v1/images/${imageId}/receipt`)
  const picture = await pictureOf(imageId)
  const { failures, row, tree } = checkReceipt(text, key(), picture)
  assert.deepEqual(failures, [])
  assert.deepEqual(
    [row?.entry.kind, row?.opened?.id, row?.opened?.facts],
    ['image.published', imageId, { file: sha256(picture), key: `${imageId}.png` }],
  )
  const size = tree?.size ?? 0
  const bundle = await house.service.call(`/log/tile/entries/000.p/${size}`, { as: null })
  const entries = decodeEntries(Buffer.from(await bundle.arrayBuffer()), size)
  assert.deepEqual(JSON.parse(entries[row?.index ?? -1]?.toString() ?? ''), row?.entry, 'the public log has that entry')

  assert.match(
    checkReceipt(text, key(), Buffer.from('another')).failures.join(),
    /SHA-256 is [0-9a-f]{64}; the picture's/,
  )
})

test('as JSON it is the same, in parts, with the key', async () => {
  const { imageId } = await house.published()
  await grow()
  const text = await receipt(`/v1/images/${imageId}/receipt`)
  const { body } = await house.call(`/v1/images/${imageId}/receipt?format=json`)
  const proof = parseLogProof(text)
  assert.deepEqual(body, {
    object: 'receipt',
    row: JSON.parse(proof.extra?.toString() ?? ''),
    proof: proof.hashes.map((hash) => hash.toString('base64')),
    checkpoint: proof.checkpoint,
    key: verifierKeyOf(house.service.transparency.key, ORIGIN),
  })
})

test('while the leaf waits the answer is 409 with Retry-After, and a picture that was not released has none', async () => {
  const { imageId } = await house.published()
  for (const path of [`/v1/images/${imageId}/receipt`, `/v1/images/${imageId}/receipt?format=json`]) {
    const waits = await house.call(path)
    assert.deepEqual([waits.status, waits.body.code, waits.headers.get('retry-after')], [409, 'conflict', '1'])
  }
  const { imageId: denied } = await house.denied()
  const none = await house.call(`/v1/images/${denied}/receipt`)
  assert.deepEqual([none.status, none.body.code, none.headers.get('retry-after')], [409, 'conflict', null])
})

test('the receipt of a statement shows that the log has the decision, and nothing of what led to it', async () => {
  const { imageId } = await house.denied()
  const requestId = await house.refused()
  await grow()
  for (const [table, id, kind] of [
    ['image', imageId, 'image.denied'],
    ['request', requestId, 'request.refused'],
  ] as const) {
    const { statement_id: statementId } = await house.rowOf(table, id)
    const text = await receipt(`/v1/statements/${statementId}/receipt`)
    const { failures, row, tree } = checkReceipt(text, key(), null)
    assert.deepEqual(failures, [])
    assert.deepEqual([row?.entry.kind, row?.opened], [kind, null])
    assert.ok(tree)
    const move = await house.sql
      .selectFrom('darkroom.move')
      .select('log_index')
      .where('subject_id', '=', id)
      .where('kind', '=', kind)
      .executeTakeFirstOrThrow()
    assert.equal(String(row?.index), move.log_index)
    assert.match(checkReceipt(text, key(), Buffer.from('x')).failures.join(), /not of the release of a file/)
  }
})

test('what was released and then withdrawn has its receipt all the same', async () => {
  const { imageId } = await house.published()
  await house.service.call(`/v1/images/${imageId}/withdraw`, { method: 'POST' })
  await grow()
  const text = await receipt(`/v1/images/${imageId}/receipt`)
  const { failures, row } = checkReceipt(text, key(), null)
  assert.deepEqual([failures, row?.opened?.kind], [[], 'image.published'])
})

test('receipts are their owner’s: nobody else’s, and gone with what was erased', async () => {
  const { imageId, requestId } = await house.published()
  await grow()
  const path = `/v1/images/${imageId}/receipt`
  assert.equal((await house.call(path, { as: 'second_client' })).status, 404)
  assert.equal((await house.call(path, { as: null })).status, 401)
  const { statement_id: statementId } = await house.rowOf('request', await house.refused())
  await grow()
  assert.equal((await house.call(`/v1/statements/${statementId}/receipt`, { as: 'second_client' })).status, 404)
  await house.call(`/v1/generations/${requestId}`, { method: 'DELETE' })
  assert.equal((await house.call(path)).status, 410)
})

test('every change of a receipt, one character at a time, is found', async () => {
  const { imageId } = await house.published()
  await grow()
  const text = await receipt(`/v1/images/${imageId}/receipt`)
  // Behind the signature there is only the end of the line.
  for (let at = 0; at < text.length - 1; at++) {
    const changed = `${text.slice(0, at)}${text[at] === 'A' ? 'B' : 'A'}${text.slice(at + 1)}`
    assert.notDeepEqual(checkReceipt(changed, key(), null).failures, [], `character ${at} of ${JSON.stringify(text)}`)
  }
  const other = verifierOf({ publicKey: Buffer.alloc(32, 1) }, ORIGIN)
  assert.notDeepEqual(checkReceipt(text, other, null).failures, [])
})

test('darkroom audit receipt says what holds by its exit status', async () => {
  const { imageId } = await house.published()
  await grow()
  const file = async (name: string, content: string | Buffer) => {
    await writeFile(join(folder, name), content)
    return join(folder, name)
  }
  const text = await receipt(`/v1/images/${imageId}/receipt`)
  const right = await file('right', text)
  const wrong = await file('wrong', text.replace('index ', 'index 1'))
  const picture = await file('picture.png', await pictureOf(imageId))
  const words = ['--key', verifierKeyOf(house.service.transparency.key, ORIGIN)]
  for (const [args, code, said] of [
    [[right, ...words, '--picture', picture], 0, /^VERIFIED[\s\S]*it is the file that was released/],
    [[right, ...words, '--picture', right], 1, /^wrong: the receipt is of a file/m],
    [[wrong, ...words], 1, /^NOT VERIFIED/],
    [[right], 2, /--key/],
  ] as const) {
    const run = spawnSync(process.execPath, ['src/main.ts', 'audit', 'receipt', ...args], { encoding: 'utf8' })
    assert.deepEqual([run.status, said.test(run.stdout + run.stderr)], [code, true], run.stdout + run.stderr)
  }
})
