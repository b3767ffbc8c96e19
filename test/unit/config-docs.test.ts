// docs/configuration.md against the code: every variable that is read is in its tables and no other, with the default and the values
// that the reader takes. The names come from an environment that notes what it is asked for, the values from what a wrong one
// is told, the defaults from setting them: nothing may change by it, and something must by any other value.
import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join, resolve } from 'node:path'
import { test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import { readConfig } from '../../src/kernel/config.ts'
import { isFault } from '../../src/kernel/fault.ts'

type Row = { name: string; byDefault: string; values: string }

const root = resolve(import.meta.dirname, '../..')
const rows = readRows(readFileSync(join(root, 'docs/configuration.md'), 'utf8'))
const rowOf = new Map(rows.map((row) => [row.name, row]))

/** Everything that has a part of its own turned on, so that each variable shows. */
const FULL = {
  DATABASE_URL: 'postgres://db/darkroom',
  REDIS_URL: 'redis://redis',
  DARKROOM_S3_BUCKET_QUARANTINE: 'q',
  DARKROOM_S3_BUCKET_IMAGES: 'i',
  DARKROOM_S3_BUCKET_LOG: 'l',
  DARKROOM_OIDC_ISSUER: 'https://id.example.com',
  DARKROOM_OIDC_CLIENT_ID: 'darkroom',
  DARKROOM_TRUSTMARK_DIR: '/srv/trustmark',
  DARKROOM_LOG_KMS_KEY_ID: 'alias/log',
  DARKROOM_LOG_PUBLIC_KEY: Buffer.alloc(32, 3).toString('base64'),
}

/** Defaults that are no constant, in the document's words; null: none of the numbers is it. */
const IN_WORDS: Readonly<Record<string, string | null>> = {
  'all cores': String(availableParallelism()),
  'as devices offer': null,
}

test('every variable that the configuration reads is documented', () => {
  assert.deepEqual(
    [...namesRead()].filter((name) => !rowOf.has(name)),
    [],
  )
})

test('a variable that other parts read is documented too', () => {
  const found = sources().flatMap((text) => text.match(/\bDARKROOM_[A-Z0-9_]*[A-Z0-9]\b/g) ?? [])
  const lacking = [...new Set(found)].filter((name) => !rowOf.has(name) && isKnown(name))
  assert.deepEqual(lacking, [])
})

test('no variable is documented that nobody reads', () => {
  const read = namesRead()
  const texts = sources()
  const idle = rows.filter(({ name }) => !read.has(name) && !texts.some((text) => text.includes(name)))
  assert.deepEqual(
    idle.map(({ name }) => name),
    [],
  )
})

test('a variable is documented once', () => {
  assert.equal(rowOf.size, rows.length)
})

for (const name of namesRead())
  test(`${name} has the values and the default that the document states`, () => {
    const row = rowOf.get(name)
    assert.ok(row, 'it is documented')
    const told = complaintOf(name)
    const range = /a whole number from (\d+) to (\d+)/.exec(told)
    if (range !== null) return checkInteger(row, Number(range[1]), Number(range[2]))
    const choices = /expected one of (.+)/.exec(told)?.[1]
    if (choices !== undefined) return checkChoice(row, choices, choices.split(', '))
    if (told.includes('expected true or false')) return checkChoice(row, 'true or false', ['true', 'false'])
    const protocols = /a URL that starts with (.+)/.exec(told)?.[1]
    if (protocols !== undefined) assert.equal(row.values, protocols)
    if (row.byDefault === 'not set') return
    assert.deepEqual(full(name, constant(row)), full())
    assert.notDeepEqual(full(name, `${constant(row)} other`), full())
  })

function checkInteger({ name, byDefault, values }: Row, least: number, most: number): void {
  assert.equal(values, `${least} to ${most}`)
  const stated = byDefault in IN_WORDS ? (IN_WORDS[byDefault] ?? null) : constant({ name, byDefault })
  if (stated !== null) assert.deepEqual(full(name, stated), full(), `${stated} is the default`)
  for (const edge of [least, most].map(String).filter((one) => one !== stated))
    assert.ok(changes(name, edge), `${edge} is not the default`)
}

function checkChoice(row: Row, stated: string, choices: readonly string[]): void {
  assert.equal(row.values, stated)
  const byDefault = constant(row)
  assert.deepEqual(full(row.name, byDefault), full(), `${byDefault} is the default`)
  for (const choice of choices.filter((one) => one !== byDefault))
    assert.ok(changes(row.name, choice), `${choice} is not the default`)
}

/** Whether a value makes another configuration, or one that is refused beside the others. */
function changes(name: string, value: string): boolean {
  try {
    return !isDeepStrictEqual(full(name, value), full())
  } catch (error) {
    return isFault(error, 'config_invalid')
  }
}

function constant({ name, byDefault }: Pick<Row, 'name' | 'byDefault'>): string {
  const stated = /^`([^`]+)`$/.exec(byDefault)?.[1]
  assert.ok(stated !== undefined, `the default of ${name} is a constant in code type`)
  return stated
}

/** The configuration with everything on, and perhaps one variable more or another value of it. */
function full(name?: string, value?: string): unknown {
  return readConfig({ ...FULL, ...(name === undefined ? {} : { [name]: value }) })
}

/** What the reader says of a value that hardly anything takes; empty where it takes it. */
function complaintOf(name: string): string {
  try {
    full(name, '\\?')
    return ''
  } catch (error) {
    assert.ok(isFault(error, 'config_invalid'))
    return error.message.split('\n').find((line) => line.trim().startsWith(`${name}:`)) ?? ''
  }
}

function namesRead(): Set<string> {
  const asked = new Set<string>()
  const noted: Record<string, string> = FULL
  readConfig(
    new Proxy(noted, {
      get: (env, name) => {
        asked.add(String(name))
        return Reflect.get(env, name)
      },
    }),
  )
  return asked
}

function isKnown(name: string): boolean {
  try {
    full(name, '\\?')
  } catch (error) {
    assert.ok(isFault(error, 'config_invalid'))
    return !error.message.includes(`${name}: unknown variable`)
  }
  return true
}

/** Programs, and what runs the tests. */
function sources(): string[] {
  const files = ['boot.mjs', 'test/run.ts', 'src/**/*.ts', 'workers/*.ts', 'test/support/*.ts', 'test/faults/*.ts']
  return files
    .flatMap((pattern) => globSync(pattern, { cwd: root }))
    .map((file) => readFileSync(join(root, file), 'utf8'))
}

/** Rows of tables whose first cell is one variable. */
function readRows(text: string): Row[] {
  return [...text.matchAll(/^\| `([A-Z][A-Z0-9_]*)` \| ([^|]*) \| ([^|]*)\|/gm)].map(
    ([, name = '', byDefault = '', values = '']) => ({ name, byDefault: byDefault.trim(), values: values.trim() }),
  )
}
