// A long run goes on where it stopped, and starts anew with another program.
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { keepSoakState, readSoakState } from '../../bench/soak-state.ts'

test('what a run at one commit came to is not counted for another', async () => {
  const home = await mkdtemp(join(tmpdir(), 'darkroom-soak-'))
  try {
    const file = join(home, 'deeper', 'fuzz.json')
    const state = await readSoakState(file, 'aaaa')
    state.tally.files = 7
    await keepSoakState(file, state)
    assert.equal((await readSoakState(file, 'aaaa')).tally.files, 7)
    assert.deepEqual((await readSoakState(file, 'bbbb')).tally.files, 0)
  } finally {
    await rm(home, { recursive: true, force: true })
  }
})
