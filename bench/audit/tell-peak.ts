// Loaded before a program that is measured: as it ends, it tells file descriptor 3 how much memory it had at most. Not what
// `resourceUsage` says: on Linux that begins at the peak of the process which started it.
import { readFileSync, writeSync } from 'node:fs'

process.on('exit', () => {
  const kib = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]
  writeSync(3, String(Number(kib) * 1024))
})
