// Timestamps of checkpoints by a real authority (openssl ts behind HTTP): what is kept is what openssl accepts for the checkpoint's text
// and refuses for any other; what answers another question, or is damaged anywhere that is read, is not kept.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, it } from 'node:test'
import { sql as raw } from 'kysely'
import { pino } from 'pino'
import { signedText } from '../../src/audit/checkpoint.ts'
import { servedCheckpoint } from '../../src/audit/publication.ts'
import { readTimestampReply, timestampQuery, timestampReply, timestampTime } from '../../src/audit/timestamp.ts'
import { runTimestamping, type TimestampingTools, timestampOf } from '../../src/audit/timestamping.ts'
import { openssl } from '../support/openssl.ts'
import { suiteOn } from '../support/services.ts'
import { openTimestampAuthority, type TimestampAuthority } from '../support/timestamp-authority.ts'
import { tools } from '../support/tools.ts'
import { type LogHouse, openLogHouse } from './log-house.ts'

const NONCE = Buffer.from('80ff000102030405', 'hex')
type Line = { level: number; problem?: string; detail?: string }

suiteOn('timestamps of checkpoints', await tools('openssl'), () => {
  let folder: string
  let time: TimestampAuthority
  let house: LogHouse
  let given: TimestampingTools
  const said: Line[] = []

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'darkroom-dated-'))
    time = await openTimestampAuthority()
    house = await openLogHouse()
    given = {
      sql: house.database.sql,
      log: pino({ level: 'trace' }, { write: (line: string) => void said.push(JSON.parse(line)) }),
      url: time.url,
      timeoutMs: 30_000,
      minutes: 60,
      stopping: new AbortController().signal,
    }
  })
  after(async () => {
    await house[Symbol.asyncDispose]()
    await time[Symbol.asyncDispose]()
    for (const made of [folder, time.authority.folder]) await rm(made, { recursive: true, force: true })
  })

  const grow = async () => {
    await house.say(1)
    await house.run()
    return (await servedCheckpoint(house.database.sql)) ?? assert.fail('nothing is in the log')
  }
  const pass = (minutes: number) =>
    raw`UPDATE darkroom.clock_offset SET by = by + ${minutes} * interval '1 minute'`.execute(house.database.sql)
  const file = async (name: string, bytes: Uint8Array | string) => {
    const path = join(folder, name)
    await writeFile(path, bytes)
    return path
  }
  const verify = async (reply: Uint8Array, text: string) => {
    const paths = [await file('dated.txt', text), await file('dated.tsr', reply)] as const
    return openssl('ts', '-verify', '-data', paths[0], '-in', paths[1], '-CAfile', time.authority.anchorFile)
  }
  const ask = async (digest: Buffer, nonce: Buffer) => {
    const body = new Uint8Array(timestampQuery(digest, nonce))
    const headers = { 'content-type': 'application/timestamp-query' }
    return Buffer.from(await (await fetch(time.url, { method: 'POST', headers, body })).arrayBuffer())
  }

  it('the log asks for nothing while it is empty', async () => {
    const { asked } = time
    await pass(1)
    assert.equal(await runTimestamping(given), null)
    assert.equal(time.asked, asked)
  })

  it('openssl reads the query as it is meant', async () => {
    const digest = createHash('sha256').update('x').digest()
    const text = await openssl('ts', '-query', '-in', await file('q.tsq', timestampQuery(digest, NONCE)), '-text')
    assert.match(text, /Hash Algorithm: sha256/)
    assert.match(text, /Policy OID: unspecified/)
    assert.match(text, /Nonce: 0x80FF000102030405/)
    assert.match(text, /Certificate required: yes/)
  })

  it('what is served is dated, and openssl accepts it for the text of the note and for nothing else', async () => {
    const { size, note } = await grow()
    await pass(1)
    assert.equal(await runTimestamping(given), 'stamped')
    const token = (await timestampOf(house.database.sql, size)) ?? Buffer.alloc(0)
    const reply = timestampReply(token)
    const text = signedText(note)
    const seconds = ((timestampTime(token)?.getTime() ?? 0) - Date.now()) / 1000
    assert.ok(Math.abs(seconds) < 60, `the token says ${seconds} seconds from now`)
    for (const none of [Buffer.alloc(0), Buffer.of(0x30, 0), token.subarray(1), token.subarray(0, 100), reply])
      assert.equal(timestampTime(none), null)
    assert.match(text, /^darkroom\.test\/log\n\d+\n[A-Za-z0-9+/=]{44}\n$/)
    assert.match(await verify(reply, text), /OK/)
    for (const other of [note, text.trimEnd(), `${text}\n`, text.replace('\n', ' \n')])
      await assert.rejects(verify(reply, other), other)
  })

  it('a newer checkpoint is dated an hour after the last, and one that is dated is not asked for again', async () => {
    const { asked } = time
    await pass(59)
    assert.equal(await runTimestamping(given), null)
    await pass(1)
    assert.equal(await runTimestamping(given), null, 'what is served is dated')
    assert.equal(time.asked, asked)
    await grow()
    await pass(1)
    const turns = await Promise.all([1, 2, 3].map(() => runTimestamping(given)))
    assert.deepEqual(turns.filter(Boolean), ['stamped'], 'a turn is one worker’s')
    await grow()
    await pass(59)
    assert.equal(await runTimestamping(given), null)
    await pass(1)
    assert.equal(await runTimestamping(given), 'stamped')
    assert.equal(time.asked, asked + 2)
  })

  it('an authority that is away or of no use is told of once and asked again after a minute', async () => {
    const { size } = await grow()
    await pass(60)
    said.length = 0
    for (const [mood, problem] of [
      ['down', 'unreachable'],
      ['reset', 'unreachable'],
      ['silent', 'timeout'],
      ['flood', 'wrong_answer'],
      ['junk', 'wrong_answer'],
      ['refuses', 'refused'],
      ['page', 'wrong_answer'],
    ] as const) {
      time.mood = mood
      assert.equal(await runTimestamping(mood === 'silent' ? { ...given, timeoutMs: 500 } : given), problem, mood)
      assert.equal(await runTimestamping(given), null)
      await pass(1)
    }
    assert.equal(await timestampOf(house.database.sql, size), null)
    time.mood = 'well'
    assert.equal(await runTimestamping(given), 'stamped')
    assert.deepEqual(
      said.map(({ level, problem }) => [level, problem]),
      [
        [40, 'unreachable'],
        [40, 'timeout'],
        [40, 'wrong_answer'],
        [40, 'refused'],
        [40, 'wrong_answer'],
        [30, undefined],
      ],
    )
    assert.match(said.at(-2)?.detail ?? '', /it answers "text\/html"/)
  })

  it('a process that stops waits for no authority and blames none', async () => {
    await grow()
    await pass(60)
    said.length = 0
    time.mood = 'silent'
    const [stop, { asked }] = [new AbortController(), time]
    const turn = runTimestamping({ ...given, stopping: stop.signal })
    while (time.asked === asked) await new Promise(setImmediate)
    stop.abort()
    await assert.rejects(turn, { name: 'AbortError' })
    assert.deepEqual(said, [])
    time.mood = 'well'
  })

  it('a token of another digest, or in answer to another question, is not kept', async () => {
    const [one, two] = ['one', 'two'].map((text) => createHash('sha256').update(text).digest())
    assert.ok(one && two)
    const reply = await ask(one, NONCE)
    assert.equal(readTimestampReply(reply, one, NONCE).result, 'stamped')
    assert.throws(() => readTimestampReply(reply, two, NONCE), /of another digest/)
    assert.throws(() => readTimestampReply(reply, one, Buffer.from('80ff000102030406', 'hex')), /another question/)
    assert.throws(() => readTimestampReply(reply, one, NONCE.subarray(1)), /another question/)
  })

  it('a small nonce, and one of zeros, is spelled as DER spells numbers', async () => {
    const digest = createHash('sha256').update('x').digest()
    for (const hex of ['0000000000000000', '0000000000000080', '00000000ffffffff', '7f00000000000000']) {
      const nonce = Buffer.from(hex, 'hex')
      assert.equal(readTimestampReply(await ask(digest, nonce), digest, nonce).result, 'stamped', hex)
    }
  })

  it('a reply that is cut anywhere, lengthened, or has a changed byte where it is read, is refused and breaks nothing', async () => {
    const digest = createHash('sha256').update('x').digest()
    const reply = await ask(digest, NONCE)
    const read = (bytes: Buffer) => {
      try {
        return readTimestampReply(bytes, digest, NONCE).result
      } catch (error) {
        if (!(error instanceof RangeError)) throw error
        return 'wrong_answer'
      }
    }
    assert.equal(read(reply), 'stamped')
    for (let end = 0; end < reply.length; end++) assert.equal(read(reply.subarray(0, end)), 'wrong_answer', `${end}`)
    assert.equal(read(Buffer.concat([reply, Buffer.of(0)])), 'wrong_answer')
    const long = Buffer.concat([Buffer.from('308300', 'hex'), reply.subarray(2)])
    assert.equal(reply[1], 0x82)
    assert.equal(read(long), 'wrong_answer', 'a length that has zeros before it')
    const upTo = reply.indexOf(NONCE) + NONCE.length
    let accepted = 0
    for (let at = 0; at < upTo; at++) {
      const changed = Buffer.from(reply)
      changed[at] = (changed[at] ?? 0) ^ 1
      if (read(changed) === 'stamped') accepted++
    }
    // The versions and algorithms of the envelope, policy, serial number and time: the authority's signature is over those.
    assert.ok(accepted > 0 && accepted < 60, `${accepted} of ${upTo}`)
  })
})
