// docs/data-map.md against what there is: every column of the schema in one line of it and nothing else, every key that an object is
// stored under, and every place of the code that stores one. Whoever adds a column or an object says there whose it is.
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { test } from 'node:test'
import { sql as raw } from 'kysely'
import { partKey } from '../../src/audit/export-archive.ts'
import { entriesPath, tilePath } from '../../src/audit/tiles.ts'
import { previewKey } from '../../src/generate/previews.ts'
import { openDatabase } from '../../src/kernel/database.ts'
import { newId } from '../../src/kernel/ids.ts'
import { generatedKey, markedKey } from '../../src/kernel/quarantine.ts'
import { releasedKey } from '../../src/publish/release.ts'

const root = resolve(import.meta.dirname, '../..')
const lines = readFileSync(join(root, 'docs/data-map.md'), 'utf8').split('\n')
const cellsOf = (line: string) =>
  line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim())
const quoted = (text: string) => [...text.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? '')

const columns = lines.flatMap((line) => {
  const [what = ''] = cellsOf(line)
  const table = /^\*\*(\w+)\*\* `/.exec(what)?.[1]
  return table === undefined ? [] : quoted(what).map((column) => `${table}.${column}`)
})
const STORES = ['images', 'quarantine', 'log', 'quarantine, images']
const objects = lines.flatMap((line) => {
  const [stores = '', key = '', , , by = ''] = cellsOf(line)
  return STORES.includes(stores) ? [{ key: quoted(key)[0] ?? '', by: quoted(by) }] : []
})

const PLACES: Readonly<Record<string, string>> = {
  image: 'img_[0-9a-z]{26}',
  request: 'req_[0-9a-z]{26}',
  export: 'exp_[0-9a-z]{26}',
  digest: '[0-9a-f]{64}',
  format: '(png|jpg|webp)',
  n: '\\d+',
  part: '(rows|csv|parquet)',
  path: '(entries/)?[\\dx/.p]+',
  uuid: '[0-9a-f-]{36}',
}
const patternOf = (key: string) =>
  new RegExp(
    `^${key.replaceAll('.', '\\.').replaceAll(/<(\w+)>/g, (_, place) => PLACES[place] ?? assert.fail(place))}$`,
  )

test('every column of the schema is in one line of the map, and no other is', async () => {
  await using database = await openDatabase({ url: null, home: null })
  const { rows } = await raw<{ name: string }>`
    SELECT table_name || '.' || column_name AS name FROM information_schema.columns
     WHERE table_schema = 'darkroom'`.execute(database.sql)
  const real = rows.map(({ name }) => name)
  const missing = real.filter((name) => !columns.includes(name))
  assert.deepEqual(missing, [], 'say in docs/data-map.md what these hold, about whom, why and how long')
  assert.deepEqual(
    columns.filter((name) => !real.includes(name)),
    [],
    'the map has what is not there',
  )
  assert.deepEqual(
    columns.filter((name, at) => columns.indexOf(name) !== at),
    [],
    'the map has these twice',
  )
})

test('every line of the map says all that it must', () => {
  for (const line of lines.filter((one) => /^\| \*\*\w+\*\* `/.test(one))) {
    const cells = cellsOf(line)
    assert.equal(cells.length, 5, line)
    for (const cell of cells) assert.notEqual(cell, '', line)
    assert.match(cells[2] ?? '', /^(contract|safety|account|duty|none)$/, line)
  }
})

test('every key of an object is one that the map has, and each that it has is made', () => {
  const [image, request] = [newId('img'), newId('req')]
  const source = (file: string) => readFileSync(join(root, file), 'utf8')
  const inputs = [...source('src/admit/input-store.ts').matchAll(/`\$\{requestId\}\/([\w-]+)`/g)].map(
    (match) => match[1],
  )
  const signed = [...source('src/audit/sequencer.ts').matchAll(/`(claim|checkpoint)\/\$\{/g)].map((match) => match[1])
  assert.deepEqual([inputs.length, signed.length], [3, 2])
  const made = [
    ...['png', 'jpeg', 'webp'].map((format) => releasedKey(image, format)),
    previewKey(image, 2),
    generatedKey(image),
    markedKey(image, 'a'.repeat(64)),
    ...inputs.map((name) => `${request}/${name}`),
    ...(['rows', 'csv', 'parquet'] as const).map((kind) => partKey({ id: newId('exp'), attempt: 1 }, kind, 12)),
    tilePath(1, 1_234_067, 57),
    entriesPath(3, 256),
    ...signed.map((name) => `${name}/5`),
    `darkroom-probe/${crypto.randomUUID()}`,
  ]
  for (const key of made) assert.equal(objects.filter((one) => patternOf(one.key).test(key)).length, 1, key)
  for (const { key } of objects)
    assert.ok(
      made.some((one) => patternOf(key).test(one)),
      `${key} is made by nothing`,
    )
})

test('the map names every place of the code that stores an object', () => {
  const adapters = /^src\/publish\/(file|s3|sealed)-store\.ts$|^src\/kernel\/object-store\.ts$/
  const storing = globSync('src/**/*.ts', { cwd: root })
    .filter(
      (file) => !adapters.test(file) && /\.putIfAbsent\(|bucket\.put\(/.test(readFileSync(join(root, file), 'utf8')),
    )
    .sort()
  assert.deepEqual([...new Set(objects.flatMap(({ by }) => by))].sort(), storing)
})
