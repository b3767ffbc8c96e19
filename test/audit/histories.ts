// What tests of histories ask for, and how they look into what comes.
import assert from 'node:assert/strict'
import type { Fact } from '../../src/audit/history-facts.ts'
import type { Move } from '../../src/audit/history-moves.ts'
import type { Court } from '../review/court.ts'
import { type openVoices, UNDO_SECONDS } from '../review/voices.ts'
import { growLog } from '../support/log-rounds.ts'

/** `body`: null where the answer is no JSON. */
export async function asking({ service }: Court, path: string, as: string | null) {
  const response = await service.call(path, { as })
  const text = await response.text()
  return {
    status: response.status,
    text,
    body: response.headers.get('content-type')?.includes('json') ? JSON.parse(text) : null,
  }
}

export const kinds = (moves: readonly Move[]) => moves.map(({ kind }) => kind)
export const one = (moves: readonly Move[], kind: string) =>
  moves.find((move) => move.kind === kind) ?? assert.fail(kind)
export const factIn = (facts: readonly Fact[], name: string) => facts.find((fact) => fact.name === name)?.value

/** A picture refused by software, which two people let go on appeal. */
export async function overturnedIn(court: Court, voices: ReturnType<typeof openVoices>) {
  const { requestId, imageId, statement } = await voices.denied()
  const { body } = await voices.appealOf(statement.id)
  for (const who of ['ada', 'ben'] as const) {
    await voices.judge(who, 'allow', 'violence/graphic/3')
    await court.pass(UNDO_SECONDS)
  }
  await court.finish()
  await growLog(court.ground.database, court.service.transparency)
  return { requestId, imageId, statementId: statement.id, appealId: body.id }
}
