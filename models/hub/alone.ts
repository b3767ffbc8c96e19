// One pull of an id at a time, since two would write into one part file. A pull that was killed leaves its mark, and the next takes
// it over. It knows of processes of this machine alone.
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ModelError } from '../runtime/error.ts'

/** Until it is disposed of nobody else pulls into this folder. ModelError invalid_input, field `id`: somebody does. */
export async function alone(work: string): Promise<AsyncDisposable> {
  const mark = join(work, 'process')
  if (!(await makeMark(mark))) {
    const pid = Number(await readFile(mark, 'utf8').catch(() => ''))
    // In a container the same command has the same number again: one's own was an earlier life's.
    if (pid !== process.pid && isAlive(pid))
      throw new ModelError(
        'invalid_input',
        `process ${pid} is pulling this already; wait for it, or remove ${mark} if that is another program`,
        { field: 'id', file: mark },
      )
    await rm(mark, { force: true })
    if (!(await makeMark(mark)))
      throw new ModelError('invalid_input', 'another pull of this has just begun; wait for it', {
        field: 'id',
        file: mark,
      })
  }
  return { [Symbol.asyncDispose]: () => rm(mark, { force: true }) }
}

async function makeMark(mark: string): Promise<boolean> {
  try {
    await writeFile(mark, `${process.pid}`, { flag: 'wx' })
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false
    throw error
  }
}

function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid < 1) return false
  try {
    return process.kill(pid, 0)
  } catch (error) {
    // There, and somebody else's.
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}
