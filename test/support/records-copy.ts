// Records in memory begin as a copy of ones that were made and migrated once in this run of the tests: to make a cluster
// anew is most of what a short suite would do. test/run.ts names the folder of the copy; without one nothing changes.
// Where a test is about making them, PostgreSQL's or a folder's own, no copy is taken.

import { existsSync } from 'node:fs'
import { link, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import process from 'node:process'
import { PGlite } from '@electric-sql/pglite'
import { openDatabase } from '../../src/kernel/database.ts'

const folder = process.env.TEST_RECORDS
const make = PGlite.create.bind(PGlite)

/** Only records in memory are asked for without a word; PGlite itself asks for others while it makes them. */
function replace(inMemory: () => Promise<PGlite>): void {
  Reflect.set(PGlite, 'create', (...given: []) => (given.length === 0 ? inMemory() : make(...given)))
}

/** Made by whoever is first, and never replaced: others may be reading it. */
async function makeCopy(copy: string): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<PGlite>()
  replace(async () => {
    const pglite = await make()
    resolve(pglite)
    return pglite
  })
  await using _ = await openDatabase({ url: null, home: null })
  const migrated = await (await promise).dumpDataDir('none')
  const own = `${copy}.${process.pid}`
  await writeFile(own, await migrated.bytes())
  await link(own, copy).catch((cause) => {
    if (!existsSync(copy)) throw cause
  })
  await rm(own)
}

if (folder !== undefined) {
  const copy = join(folder, 'records.tar')
  let made: Promise<void> | undefined
  const inMemory = async (): Promise<PGlite> => {
    if (!existsSync(copy)) {
      made ??= makeCopy(copy)
      await made
      replace(inMemory)
    }
    return make({ loadDataDir: new Blob([await readFile(copy)]) })
  }
  replace(inMemory)
}
