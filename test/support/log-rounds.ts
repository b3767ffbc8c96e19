// The log of tests that drive stages by hand: the real sequencer's rounds, run when the test says so.
import { randomUUID } from 'node:crypto'
import type { TransparencyLog } from '../../src/audit/log.ts'
import { resignLog } from '../../src/audit/log-records.ts'
import { runRound } from '../../src/audit/sequencer.ts'
import type { Database } from '../../src/kernel/database.ts'

/** Rounds until every move is in a signed tree. */
export async function growLog(database: Database, transparency: TransparencyLog): Promise<void> {
  const tools = { ...transparency, database, holder: randomUUID(), leaseMs: 60_000, atMost: 4096 }
  while ((await runRound(tools)) !== null);
  await resignLog(database.sql, tools.holder)
}
