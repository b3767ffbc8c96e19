// `darkroom audit`: verify says what holds with the exit status that scripts go by; export fetches an archive, goes on where it broke off
// and never leaves half of one under the name that was asked for.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, before, test } from 'node:test'
import { runExport } from '../../src/audit/export-job.ts'
import { runRound } from '../../src/audit/sequencer.ts'
import { archiveOf, PLAN, rootAt, SIGNER } from '../audit/archives/archive.ts'
import { checkpointOf } from '../audit/archives/notes.ts'
import { json, openService, type Service } from '../http/service.ts'

let folder: string
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'darkroom-audit-'))
})
after(() => rm(folder, { recursive: true, force: true }))

async function darkroom(args: string[], env: Record<string, string> = {}) {
  const child = spawn(process.execPath, ['src/main.ts', 'audit', ...args], { env: { ...process.env, ...env } })
  const [out, errors, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  return { out, errors, code }
}

async function fileOf(name: string, content: string | Buffer): Promise<string> {
  const path = join(folder, name)
  await writeFile(path, content)
  return path
}

test('verify says in plain words what holds, and by its exit status', async () => {
  const right = await fileOf('right.tar', archiveOf(PLAN))
  const kept = await fileOf('kept', checkpointOf(SIGNER, 27, rootAt(PLAN.log, 27)))
  const split = await fileOf('split', checkpointOf(SIGNER, 27, Buffer.alloc(32)))
  const bytes = archiveOf(PLAN)
  const place = bytes.indexOf('violence/2')
  const changed = await fileOf('changed.tar', bytes.fill('x', place, place + 1))
  const none = { ...PLAN.query, kind: 'image.lost' }
  const empty = await fileOf('empty.tar', archiveOf({ ...PLAN, query: none, withheld: [] }))
  const newer = await fileOf('newer', checkpointOf(SIGNER, 60, Buffer.alloc(32)))
  const key = ['--key', SIGNER.text]
  const runs: [string[], number, RegExp][] = [
    [[right, ...key, '--checkpoint', kept], 0, /^VERIFIED: everything holds$/m],
    [[right, '--key', await fileOf('key', `${SIGNER.text}\n`)], 0, /^key .* as it was given$/m],
    [
      [right],
      0,
      /^VERIFIED: everything holds\nThat is by the key that the export itself names[\s\S]*on the export’s own word/,
    ],
    [
      [right, ...key, '--checkpoint', newer],
      4,
      /^VERIFIED, but not against [^\n]*\nnot held: [\s\S]*^completeness {2}proven/m,
    ],
    [[right, ...key, '--checkpoint', split], 1, /^wrong: split view: /m],
    [
      [changed, ...key],
      1,
      /^NOT VERIFIED: [^\n]*\nwrong: rows\.jsonl(?![\s\S]*(proven|reconciled))[\s\S]*^What it claims to be:\nlog /m,
    ],
    [[empty, ...key], 3, /no row matches/],
    [[right, '--json'], 0, /^\{\n {2}"code": 0,/],
  ]
  for (const [args, code, said] of runs) {
    const run = await darkroom(['verify', ...args])
    assert.equal(run.code, code, run.out + run.errors)
    assert.match(run.out, said)
  }
})

test('verify calls nothing wrong that it could not check', async () => {
  const right = await fileOf('right.tar', archiveOf(PLAN))
  const runs: [string[], RegExp][] = [
    [[], /give one archive/],
    [[join(folder, 'none.tar')], /cannot read .*none\.tar/],
    [[folder], /is no file/],
    [[await fileOf('text', 'hello')], /^not checked: the file is too short/m],
    [[await fileOf('zeros', Buffer.alloc(4096))], /^not checked: the header at byte 0/m],
    [[right, '--key', 'x+00000000+AA'], /--key: no verifier key/],
    [[right, '--key', SIGNER.text.replace(/\+\w{8}\+/, '+00000000+')], /--key: the id of the verifier key/],
    [[right, '--key', join(folder, 'none')], /cannot read/],
    [[right, '--checkpoint', join(folder, 'none')], /cannot read/],
    [[right, '--fast'], /--fast/],
  ]
  for (const [args, said] of runs) {
    const run = await darkroom(['verify', ...args])
    assert.equal(run.code, 2, run.out + run.errors)
    assert.match(run.out + run.errors, said)
    assert.doesNotMatch(run.errors, /^\s+at /m, 'no stack')
  }
})

/** The service behind a proxy that may cut a download, with somebody who makes exports. */
async function openBehindProxy(service: Service) {
  const asked: { path: string; range: string | undefined }[] = []
  let cutAfter: number | null = null
  const server = createServer(async (request: IncomingMessage, response) => {
    const path = request.url ?? ''
    asked.push({ path, range: request.headers.range })
    const body = request.method === 'POST' ? await text(request) : undefined
    const headers = new Headers()
    for (const name of ['authorization', 'content-type', 'idempotency-key', 'range', 'if-range']) {
      const value = request.headers[name]
      if (typeof value === 'string') headers.set(name, value)
    }
    const answer = await fetch(new URL(path, service.url), {
      method: request.method ?? 'GET',
      headers,
      ...(body === undefined ? {} : { body }),
    })
    const bytes = Buffer.from(await answer.arrayBuffer())
    response.writeHead(
      answer.status,
      Object.fromEntries([...answer.headers].filter(([name]) => name !== 'connection' && name !== 'keep-alive')),
    )
    if (cutAfter === null || !path.endsWith('/archive')) return response.end(bytes)
    response.write(bytes.subarray(0, cutAfter), () => setTimeout(() => response.destroy(), 100))
    return undefined
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  assert.ok(typeof address === 'object' && address !== null)
  const { ground, transparency } = service
  const worker = setInterval(async () => {
    const round = { ...transparency, database: ground.database, holder: 'test', leaseMs: 1000, atMost: 4096 }
    await runRound(round).catch(() => null)
    await runExport({ ...ground, transparency, leaseMs: 10_000, partBytes: 3000 })
  }, 200)
  return {
    asked,
    url: `http://127.0.0.1:${address.port}`,
    cut: (bytes: number | null) => {
      cutAfter = bytes
    },
    close: () => {
      clearInterval(worker)
      server.close()
    },
  }
}

test('export fetches an archive that verifies, and after a cut only what is missing of it', async () => {
  await using service = await openService()
  const { id } = await (await service.call('/v1/generations', json({ prompt: 'a red boat' }))).json()
  await service.develop(id, ['published'])
  const proxy = await openBehindProxy(service)
  const env = { DARKROOM_KEY: service.key('compliance') }
  const out = join(folder, 'log.tar')
  const to = new Date().toISOString()
  const words = ['export', '--from', '2026-01-01', '--to', to, '--csv', '--parquet', '--url', proxy.url]
  try {
    proxy.cut(7000)
    const broken = await darkroom([...words, '--out', out], env)
    assert.equal(broken.code, 1, broken.errors)
    assert.ok(!existsSync(out))
    const { size } = await stat(`${out}.part`)
    assert.ok(size > 0 && size <= 7000, `${size}`)
    proxy.cut(null)
    const done = await darkroom([...words, '--out', out], env)
    assert.equal(done.code, 0, done.errors)
    assert.deepEqual(
      proxy.asked.filter(({ path }) => path.endsWith('/archive')).map(({ range }) => range),
      [undefined, `bytes=${size}-`],
    )
    assert.ok(!existsSync(`${out}.part`))
    const key = (await (await service.call('/log/key')).text()).trim()
    assert.equal((await darkroom(['verify', out, '--key', key])).code, 0)
    assert.ok((await readFile(out)).includes('rows.parquet'))

    const again = await darkroom([...words, '--out', out], env)
    assert.equal(again.code, 1)
    assert.match(again.errors, /exists already/)
    await writeFile(`${out}2.part`, Buffer.alloc(5000, 'x'))
    const spoilt = await darkroom([...words, '--out', `${out}2`], env)
    assert.equal(spoilt.code, 1)
    assert.match(spoilt.errors, /is not the archive/)
    assert.equal((await darkroom([...words, '--out', `${out}2`], env)).code, 0, 'then it begins anew')

    const nothing = await darkroom([...words, '--kind', 'image.withdrawn', '--out', join(folder, 'nothing.tar')], env)
    assert.equal(nothing.code, 3, nothing.errors)
    assert.match(nothing.out, /^no row matches; .*nothing\.tar shows it\n$/)
    const refused = await darkroom(
      ['export', '--from', to, '--to', '2026-01-01', '--url', proxy.url, '--out', join(folder, 'x')],
      env,
    )
    assert.equal(refused.code, 1)
    assert.match(refused.errors, /to is not after from \(to\)/)
  } finally {
    proxy.close()
  }
})

test('an answer that is no JSON, as of a proxy, is told by its path and status', async () => {
  const proxy = createServer(({ url }, response) => response.writeHead(url === '/healthz' ? 200 : 502).end('<html>'))
  proxy.listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  try {
    const address = proxy.address()
    assert.ok(typeof address === 'object' && address !== null)
    const words = ['--from', '2026-01-01', '--to', '2026-01-02', '--url', `http://127.0.0.1:${address.port}`]
    const env = { DARKROOM_KEY: 'dk_live_test' }
    const { code, errors } = await darkroom(['export', ...words, '--out', join(folder, 'y')], env)
    assert.equal(code, 1)
    assert.match(errors, /^darkroom: \/v1\/audit\/exports was answered with 502, and not in JSON/)
  } finally {
    proxy.close()
  }
})
