// What a long run of broken files has come to, kept between runs of the same commit: what another program did says nothing of this one.
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { emptyTally, type Tally } from '../test/mark/fuzzing.ts'

export type SoakState = { commit: string; tally: Tally; seconds: number; runs: number; growthBytes: number }

/** What was reached at this commit; nothing, where the file is of another or of none. */
export async function readSoakState(file: string, commit: string): Promise<SoakState> {
  const kept: SoakState | null = await readFile(file, 'utf8').then(
    (text) => JSON.parse(text),
    () => null,
  )
  return kept?.commit === commit ? kept : { commit, tally: emptyTally(), seconds: 0, runs: 0, growthBytes: 0 }
}

export async function keepSoakState(file: string, state: SoakState): Promise<void> {
  await mkdir(dirname(file), { recursive: true })
  await writeFile(file, JSON.stringify(state))
}
