// A real little witness behind HTTP, written from https://c2sp.org/tlog-witness: it knows one log by its key, keeps the tree that it
// cosigned last, refuses to go back or sideways, and can be away or wrong in several ways.
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { parseCheckpoint } from '../../src/audit/checkpoint.ts'
import { EMPTY_ROOT, verifyConsistency } from '../../src/audit/merkle.ts'
import { NoteError, openNote, printVerifierKey, signNote, type VerifierKey } from '../../src/audit/note.ts'
import { witnessSigner } from './note-signers.ts'

/** `broken`: as a connection that was kept open, and then is well; `forged`: signed by another key under its name and id; `crowd`: its signature among others'; the others say what they do. */
export type Mood =
  | 'well'
  | 'crowd'
  | 'down'
  | 'silent'
  | 'reset'
  | 'broken'
  | 'forged'
  | 'strangers'
  | 'junk'
  | 'cut'
  | 'flood'
  | 'redirect'
  | 'stubborn'

export type Seen = { size: number; root: Buffer }

export type WitnessServer = {
  mood: Mood
  /** The tree that it cosigned last. */
  seen: Seen
  /** The `old` line and the number of hashes of each question that came. */
  asked: [old: number, hashes: number][]
  /** What it answered, status by status. */
  answers: number[]
  key: VerifierKey
  /** As it is configured. */
  config: { key: string; url: string }
} & AsyncDisposable

/** When its cosignatures say that they were made. */
export const COSIGNED_AT = 1_700_000_000

export async function openWitnessServer(log: VerifierKey, name = 'witness.example/w'): Promise<WitnessServer> {
  const own = witnessSigner(name, COSIGNED_AT)
  const forger = witnessSigner(name, COSIGNED_AT, Buffer.alloc(32, 'another'))
  const signatures = async (text: string, signer = own.signer) =>
    (await signNote(text, [signer])).slice(text.length + 1)

  const server = createServer(async (request, response) => {
    const question = (await buffer(request)).toString()
    const blank = question.indexOf('\n\n')
    const [first = '', ...proof] = question.slice(0, blank).split('\n')
    const old = Number(/^old (\d+)$/.exec(first)?.[1] ?? Number.NaN)
    self.asked.push([old, proof.length])
    const say = (status: number, body: string, type = 'text/plain') => {
      self.answers.push(status)
      response.writeHead(status, { 'content-type': type, location: '/elsewhere' }).end(body)
    }
    if (request.method !== 'POST' || request.url !== '/api/add-checkpoint') return say(404, '')
    if (self.mood === 'broken') {
      self.mood = 'well'
      return void response.destroy()
    }
    if (await misbehave(self.mood, say, response)) return
    const note = question.slice(blank + 2)
    const { text, status } = openedBy(note, log)
    if (status !== 200) return say(status, '')
    const { size, root } = parseCheckpoint(text)
    if (!(old <= size)) return say(400, '')
    if (old !== self.seen.size || self.mood === 'stubborn') return say(409, `${self.seen.size}\n`, 'text/x.tlog.size')
    if (old === size && !root.equals(self.seen.root)) return say(409, '')
    const hashes = proof.map((line) => Buffer.from(line, 'base64'))
    if (!verifyConsistency(old, self.seen.root, size, root, hashes)) return say(422, '')
    if (self.mood === 'forged') {
      const [, signature = ''] = (await signatures(text, forger.signer)).trimEnd().split(`${name} `)
      const bytes = Buffer.from(signature, 'base64')
      bytes.writeUInt32BE(own.signer.keyId)
      return say(200, `— ${name} ${bytes.toString('base64')}\n`)
    }
    const strangers = await signatures(text, witnessSigner('other.example', COSIGNED_AT).signer)
    if (self.mood === 'strangers') return say(200, strangers)
    self.seen = { size, root }
    if (self.mood === 'cut') return void response.destroy()
    return say(
      200,
      self.mood === 'crowd' ? `${strangers}${await signatures(text)}${strangers}` : await signatures(text),
    )
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('a TCP server has a port')
  const self: WitnessServer = {
    mood: 'well',
    seen: { size: 0, root: EMPTY_ROOT },
    asked: [],
    answers: [],
    key: own.key,
    config: { key: printVerifierKey(own.key), url: `http://127.0.0.1:${address.port}/api` },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return self
}

function openedBy(note: string, log: VerifierKey): { text: string; status: number } {
  try {
    return { text: openNote(Buffer.from(note), [log]).text, status: 200 }
  } catch (error) {
    if (error instanceof NoteError) return { text: '', status: 403 }
    throw error
  }
}

/** True: it answered, or never will. */
async function misbehave(
  mood: Mood,
  say: (status: number, body: string) => void,
  response: ServerResponse,
): Promise<boolean> {
  switch (mood) {
    case 'down':
      say(503, 'away')
      return true
    case 'silent':
      return true
    case 'reset':
      response.destroy()
      return true
    case 'junk':
      say(200, '<h1>Sign in</h1>\n')
      return true
    case 'flood':
      say(200, '— a AAAAAAAA\n'.repeat(2000))
      return true
    case 'redirect':
      say(307, '')
      return true
    default:
      return false
  }
}
