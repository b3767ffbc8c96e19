// Asks the person at the terminal one question.
import { createInterface } from 'node:readline/promises'
import { Fault } from '../kernel/fault.ts'

/** What was typed. Fault invalid_request: nobody is there; `option` says it without being asked. */
export async function ask(question: string, option: string): Promise<string> {
  if (!process.stdin.isTTY)
    throw new Fault('invalid_request', { field: option, detail: `there is no terminal to ask at; give ${option}` })
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  try {
    return (await terminal.question(question)).trim()
  } finally {
    terminal.close()
  }
}
