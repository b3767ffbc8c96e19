// What verifying an archive takes, by our command and by the checker that stands alone, against the SHA-256 of its bytes: each a process of
// its own, from its start to its end.
import { statSync } from 'node:fs'
import { mostMb, row, told } from './cells.ts'
import { type Ended, runNode } from './process.ts'
import { LOG_KEY } from './stage.ts'

const SRC = new URL('../../src/', import.meta.url)

/** Verifies the archive `rounds` times in turn; what that took, as a section. */
export async function measureVerification(archive: string, leaves: number, rounds: number): Promise<string> {
  const key = ['--key', LOG_KEY]
  const peer = { name: 'SHA-256 (peer)', run: () => runNode(new URL('digest.ts', import.meta.url), [archive]) }
  const checkers = [
    { name: '`darkroom audit verify`', run: () => verified('main.ts', ['audit', 'verify', archive, ...key]) },
    { name: '`verify.mjs`', run: () => verified('audit/verify.mjs', [archive, ...key]) },
  ]
  const took = [...checkers, peer].map((one) => ({ ...one, turns: [] as Ended[] }))
  for (let round = 0; round < rounds; round++) for (const { run, turns } of took) turns.push(await run())
  const digests = took.at(-1)?.turns ?? []
  const rows = took.map(({ name, turns }) =>
    row(name, [
      told(
        turns.map(({ seconds }) => seconds),
        1,
      ),
      told(
        turns.map(({ seconds }) => leaves / seconds),
        0,
      ),
      told(
        turns.map(({ seconds }, round) => seconds / (digests[round]?.seconds ?? Number.NaN)),
        1,
      ),
      mostMb(turns.map(({ peakBytes }) => peakBytes)),
    ]),
  )
  return `## Verification

The archive without tables, ${(statSync(archive).size / 1e6).toFixed(1)} MB, with the log's key given; ${rounds} of each in turn, the process's start included.

| | seconds | rows a second | / SHA-256 | peak memory, MB |
|---|---|---|---|---|
${rows.join('\n')}
`
}

async function verified(file: string, args: readonly string[]): Promise<Ended> {
  const ended = await runNode(new URL(file, SRC), args)
  if (!ended.said.includes('VERIFIED: everything holds')) throw new Error(`${file} says:\n${ended.said}`)
  return ended
}
