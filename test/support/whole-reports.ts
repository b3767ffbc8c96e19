// Comes before each test file (file-runs.ts): what the file reports is written before it goes on. `--test-force-exit` ends
// a file with its last test, and what then waits in the pipe for a busy reader would be lost: passes, and failures.

import process from 'node:process'
import { isMainThread } from 'node:worker_threads'

const writeAtOnce = (stream: NodeJS.WriteStream): void => {
  const handle: unknown = Reflect.get(stream, '_handle')
  if (typeof handle !== 'object' || handle === null) return
  if ('setBlocking' in handle && typeof handle.setBlocking === 'function') handle.setBlocking(true)
}

// A test's own workers and children are given the same arguments, and answer to the test alone.
if (isMainThread && process.argv[1]?.endsWith('.test.ts')) {
  writeAtOnce(process.stdout)
  writeAtOnce(process.stderr)
}
