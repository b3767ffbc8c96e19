// A bench's other processes, asked one thing at a time over IPC: clients and peers run apart from the service, so that the processor
// time of each is its own. A child ends when it is disposed of or its parent dies. Times that cross processes are `nowMs`.
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'

export type Child<Command extends object, Answer> = { ask: (command: Command) => Promise<Answer> } & AsyncDisposable

type Reply<Answer> = { answer: Answer } | { error: string }

/** Milliseconds of the machine's monotonic clock, which all of its processes share. */
export function nowMs(): number {
  return Number(process.hrtime.bigint()) / 1e6
}

/** Processor time of this process so far, user and system. */
export function cpuMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

export function startChild<Command extends object, Answer>(file: URL): Child<Command, Answer> {
  const child: ChildProcess = fork(file, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  const exited = once(child, 'exit')
  return {
    ask: async (command) => {
      const replied = Promise.withResolvers<Reply<Answer>>()
      const hear = (reply: Reply<Answer>) => replied.resolve(reply)
      const mourn = () => replied.reject(new Error('a process of the bench ended before it answered'))
      child.once('message', hear).once('exit', mourn)
      child.send(command)
      const reply = await replied.promise.finally(() => child.off('message', hear).off('exit', mourn))
      if ('error' in reply) throw new Error(reply.error)
      return reply.answer
    },
    [Symbol.asyncDispose]: async () => {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
      await exited
    },
  }
}

/** The child's side: answers every command until the parent is gone. */
export function answerParent<Command, Answer>(answer: (command: Command) => Promise<Answer>): void {
  process.on('message', (command: Command) => {
    answer(command).then(
      (found) => process.send?.({ answer: found }),
      (error: unknown) => process.send?.({ error: error instanceof Error ? `${error.stack}` : String(error) }),
    )
  })
  process.once('disconnect', () => process.exit())
}
