// Witnesses that are away, of no use, or have seen another tree of the log: the log goes on, what they did is told once and metered, and
// nothing that they did not sign is served.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { test } from 'node:test'
import { EMPTY_ROOT } from '../../src/audit/merkle.ts'
import { printVerifierKey } from '../../src/audit/note.ts'
import { askWitness, openWitness } from '../../src/audit/witness.ts'
import { isFault } from '../../src/kernel/fault.ts'
import { witnessResults } from '../../src/kernel/meters.ts'
import { witnessSigner } from './note-signers.ts'
import { openWitnessHouse, type WitnessHouse } from './witness-house.ts'
import type { Mood } from './witness-server.ts'

const ONE = 'one.example/w'
const TWO = 'two.example/w'
const OTHER_ROOT = Buffer.alloc(32, 7)

const TROUBLES: [mood: Mood, problem: string, detail: RegExp][] = [
  ['down', 'unreachable', /answers 503/],
  ['reset', 'unreachable', /./],
  ['silent', 'timeout', /within 3000 ms/],
  ['flood', 'wrong_answer', /longer than 16384 bytes/],
  ['junk', 'wrong_answer', /no signature line/],
  ['forged', 'wrong_answer', /is not of this text/],
  ['strangers', 'wrong_answer', /no signature in its answer is of its key/],
  ['stubborn', 'wrong_answer', /refuses the size/],
  ['redirect', 'refused', /answers 307/],
]

for (const [mood, problem, detail] of TROUBLES)
  test(`a witness that is ${mood} is told of once as ${problem}, and stops neither the log nor another witness`, async () => {
    await using house = await openWitnessHouse(ONE, TWO)
    const [one, two] = house.servers
    assert.ok(one && two)
    await house.grow(1)
    await house.turn()
    one.mood = mood
    const before = await metered(ONE, problem)
    for (const turn of [1, 2]) {
      const size = await house.grow(1)
      assert.equal(await house.turn(mood === 'silent' ? { timeoutMs: 3000 } : {}), 2, `turn ${turn}`)
      const served = await house.served()
      assert.deepEqual([served.size, served.cosignatures.map(({ name }) => name)], [size, [TWO]])
    }
    const [line, ...more] = house.lines()
    assert.deepEqual([line?.level, line?.witness, line?.problem, more], [40, ONE, problem, []])
    assert.match(line?.detail ?? '', detail)
    assert.equal((await metered(ONE, problem)) - before, 2)
    one.mood = 'well'
    await house.turn()
    assert.deepEqual((await house.served()).cosignatures.length, 2, 'it is asked for what it missed')
    assert.deepEqual(
      house.lines().map(({ level, witness }) => [level, witness]),
      [[30, ONE]],
    )
  })

test('while no witness answers a cosigned checkpoint is served for ten turns, and then the newest', async () => {
  await using house = await openWitnessHouse(ONE)
  const [one] = house.servers
  assert.ok(one)
  await house.grow(1)
  await house.turn()
  one.mood = 'down'
  for (let turn = 1; turn < 10; turn++) {
    await house.grow(1)
    await house.turn()
    assert.equal((await house.served()).size, 1, `turn ${turn}`)
  }
  await house.turn()
  const bare = await house.served()
  assert.deepEqual([bare.size, bare.cosignatures], [10, []])
  await house.grow(1)
  await house.turn()
  assert.equal((await house.served()).size, 11, 'where none is cosigned there is nothing to hold')
  one.mood = 'well'
  await house.turn()
  assert.equal((await house.served()).cosignatures.length, 1)
})

const SPLITS: [what: string, change: (house: WitnessHouse, size: number) => void | Promise<void>][] = [
  ['another tree of the size that it saw last', ({ servers: [one] }, size) => void see(one, size - 1)],
  ['another tree of the same size', ({ servers: [one] }, size) => void see(one, size)],
  [
    'another tree of the size that we know it saw',
    async (house, size) => {
      await house.turn()
      const [one] = house.servers
      const { sql } = house.log.database
      await sql
        .deleteFrom('darkroom.log_cosignature')
        .where('key', '=', one?.config.key ?? '')
        .execute()
      see(one, size)
    },
  ],
  ['a tree that is larger than ours', ({ servers: [one] }, size) => void see(one, size + 100)],
  ['a tree of a size that was never signed here', ({ servers: [one] }) => void see(one, 2)],
]

for (const [what, change] of SPLITS)
  test(`a witness that saw ${what} is an alarm with every turn, and the log goes on`, async () => {
    await using house = await openWitnessHouse(ONE, TWO)
    await house.grow(3)
    await house.turn()
    const size = await house.grow(1)
    await change(house, size)
    const before = await metered(ONE, 'split_view')
    for (const _ of [1, 2]) await house.turn()
    const lines = house.lines()
    assert.deepEqual(
      lines.map(({ level, witness }) => [level, witness]),
      [
        [50, ONE],
        [50, ONE],
      ],
    )
    assert.match(lines[0]?.msg ?? '', /has seen another tree of this log/)
    assert.match(lines[0]?.detail ?? '', /leaves/)
    assert.equal((await metered(ONE, 'split_view')) - before, 2)
    const served = await house.served()
    assert.deepEqual([served.size, served.cosignatures.map(({ name }) => name)], [size, [TWO]])
  })

test('a witness that was shown a newer checkpoint by another worker is neither blamed nor asked to go back', async () => {
  await using house = await openWitnessHouse(ONE)
  const [one] = house.servers
  assert.ok(one)
  await house.grow(3)
  await house.turn()
  await house.grow(1)
  let grown = false
  // The other is faster, between what this one read and what it asks.
  const store = {
    ...house.tools.store,
    get: async (key: string) => {
      if (!grown) {
        grown = true
        await house.grow(1)
        await house.turn()
      }
      return house.tools.store.get(key)
    },
  }
  await house.turn({ store })
  assert.deepEqual(house.lines(), [])
  assert.deepEqual([(await house.served()).size, (await house.served()).cosignatures.length], [5, 1])
  assert.deepEqual([one.seen.size, one.answers], [5, [200, 200, 409]])
})

test('a witness that is shown a newer checkpoint between two questions of ours has no other tree', async () => {
  const answers = ['4\n', '9\n']
  await using server = await openScripted(answers)
  const witness = openWitness({ key: printVerifierKey(witnessSigner(ONE, 1).key), url: server.url })
  const submitted = { note: 'note', text: 'text', size: 4 }
  const own = { isSigned: async () => true, prove: async () => [] }
  const limits = { timeoutMs: 30_000, stopping: new AbortController().signal }
  assert.deepEqual(await askWitness(witness, submitted, 3, own, limits), { result: 'overtaken', size: 9 })
  assert.deepEqual(answers, [])
})

test('a store that does not prove our own tree accuses no witness, and what others answered is kept', async () => {
  await using house = await openWitnessHouse(ONE, TWO)
  const [one] = house.servers
  assert.ok(one)
  await house.grow(3)
  await house.turn()
  await house.grow(2)
  const { sql } = house.log.database
  one.seen = { size: 0, root: EMPTY_ROOT }
  await sql.updateTable('darkroom.log_witness').set({ size: 0 }).where('key', '=', one.config.key).execute()
  await sql
    .updateTable('darkroom.log_checkpoint')
    .set({ root: 'ab'.repeat(32) })
    .where('size', '=', '3')
    .execute()
  await assert.rejects(house.turn(), (error) => isFault(error, 'log_inconsistent'))
  assert.deepEqual(house.lines(), [])
  const { size, cosignatures } = await house.served()
  assert.deepEqual([size, cosignatures.map(({ name }) => name)], [5, [ONE]])
})

/** Refuses each question with the next of the sizes. */
async function openScripted(sizes: string[]): Promise<{ url: string } & AsyncDisposable> {
  const server = createServer((request, response) => {
    request.resume()
    response.writeHead(409, { 'content-type': 'text/x.tlog.size' }).end(sizes.shift())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  assert.ok(typeof address === 'object' && address !== null)
  return {
    url: `http://127.0.0.1:${address.port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      server.close()
    },
  }
}

function see(server: WitnessHouse['servers'][number] | undefined, size: number): void {
  if (server !== undefined) server.seen = { size, root: OTHER_ROOT }
}

async function metered(witness: string, result: string): Promise<number> {
  const { values } = await witnessResults.get()
  return values.find(({ labels }) => labels.witness === witness && labels.result === result)?.value ?? 0
}
