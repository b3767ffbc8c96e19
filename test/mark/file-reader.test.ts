// The child that reads strangers' files, with a program that does as it is told: what is a file's fault is told apart from what is ours,
// and neither is anything but the answer of the moment.
import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import { pino } from 'pino'
import { isFault } from '../../src/kernel/fault.ts'
import { openDecoders } from '../../workers/decoders.ts'
import { type FileReaderOptions, openFileReader } from '../../workers/file-reader.ts'
import { openManifests } from '../../workers/manifests.ts'
import { LIMITS } from './strangers.ts'

const PROGRAM = `process.on('message', ({ act }) => {
  if (act === 'end') process.exit(7)
  if (act === 'slow') setTimeout(() => process.send(act), 100)
  else if (act !== 'hang') process.send(act)
})
process.on('disconnect', () => process.exit(0))
process.send('ready')
`
const DEADLINE_MS = 400
const log = pino({ level: 'silent' })
const isBusy = (error: unknown) => isFault(error, 'busy') && error.retry === 'later'
let home: string
let program: string

before(async () => {
  home = await mkdtemp(join(tmpdir(), 'darkroom-file-reader-'))
  program = join(home, 'program.mjs')
  await writeFile(program, PROGRAM)
})
after(() => rm(home, { recursive: true, force: true }))

const open = (options: Partial<FileReaderOptions> = {}) =>
  openFileReader<{ act: string }, string>({
    program,
    log,
    deadlineMs: DEADLINE_MS,
    idleMs: 60_000,
    memoryBytes: 1e9,
    ...options,
  })

test('a file that ends or hangs its reader has no answer, and the next one has', async () => {
  await using reader = open()
  const answers = ['one', 'end', 'two', 'hang', 'three'].map((act) => reader.ask({ act }))
  assert.deepEqual(await Promise.all(answers), ['one', null, 'two', null, 'three'])
})

test('a reader that does not start is told as such, aloud, and the next file starts another', async () => {
  const said: string[] = []
  const loud = pino({ level: 'error' }, { write: (line: string) => void said.push(line) })
  const late = join(home, 'late.mjs')
  await using reader = open({ program: late, log: loud })
  await assert.rejects(reader.ask({ act: 'one' }), isBusy)
  assert.equal(said.length, 1)
  await writeFile(late, PROGRAM)
  assert.equal(await reader.ask({ act: 'one' }), 'one')
})

test('a reader that the system refuses to start is refused once, not for good', async () => {
  let tries = 0
  const options: FileReaderOptions = {
    // What a path cannot be is refused at once, by a throw.
    get program() {
      return tries++ === 0 ? 'no\0path' : program
    },
    log,
    deadlineMs: DEADLINE_MS,
    idleMs: 60_000,
    memoryBytes: 1e9,
  }
  await using reader = openFileReader<{ act: string }, string>(options)
  const [first, second] = await Promise.allSettled([reader.ask({ act: 'one' }), reader.ask({ act: 'two' })])
  assert.ok(first.status === 'rejected' && isBusy(first.reason))
  assert.deepEqual(second, { status: 'fulfilled', value: 'two' })
})

test('a reader that is being ended is given no other file, even where its answer still came', async () => {
  await using reader = open()
  await reader.ask({ act: 'warm' })
  const answers = Promise.all([reader.ask({ act: 'slow' }), reader.ask({ act: 'two' })])
  await sleep(20)
  // This process is busy until the deadline is over, and finds both at once; the deadline first, as timers come before messages.
  await nextTurn()
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, DEADLINE_MS + 100)
  assert.deepEqual(await answers, ['slow', 'two'])
})

test('a reader that is closed reads nothing more, and what it was at is not called the file’s fault', async () => {
  const reader = open()
  const hung = reader.ask({ act: 'hang' })
  while (reader.pid === null) await sleep(5)
  const [told] = await Promise.allSettled([hung, reader[Symbol.asyncDispose]()])
  assert.ok(told.status === 'rejected' && isBusy(told.reason))
  await assert.rejects(reader.ask({ act: 'one' }), isBusy)
})

test('where no child starts, no file is called unreadable: neither its picture nor its manifest', async () => {
  const { execPath } = process
  await using decoders = openDecoders({ log, limits: LIMITS })
  await using manifests = openManifests({ trust: { anchorsPem: '', timestampAnchorsPem: null }, log })
  process.execPath = join(home, 'no-such-node')
  try {
    await assert.rejects(decoders.open(Buffer.from('GIF89a')), isBusy)
    await assert.rejects(manifests.read(Buffer.from('GIF89a'), 'image/gif'), isBusy)
  } finally {
    process.execPath = execPath
  }
  await assert.rejects(decoders.open(Buffer.from('GIF89a')), (error) => isFault(error, 'unsupported_media'))
})
