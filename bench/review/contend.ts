// Many reviewers at once: each claims the next item, decides it and asks for another, a bounded number of times or until nothing is
// left. Counts how often an item came to somebody while another had it, or again after its verdict.
import type { Database } from '../../src/kernel/database.ts'
import { claimNext } from '../../src/review/claim.ts'
import { decide } from '../../src/review/decide.ts'
import type { ReviewTools } from '../../src/review/item.ts'
import type { Reviewer } from '../../src/review/reviewer.ts'
import type { Verdict } from '../../src/review/verdict.ts'

export type Contention = { claims: number; conflicts: number; empty: number; seconds: number; times: number[] }

export async function contend(
  database: Database,
  tools: ReviewTools,
  people: readonly Reviewer[],
  most: number,
  verdict: Verdict,
): Promise<Contention> {
  const given = new Set<string>()
  const found: Contention = { claims: 0, conflicts: 0, empty: 0, seconds: 0, times: [] }
  const start = performance.now()
  await Promise.all(
    people.map(async (reviewer) => {
      for (let done = 0; done < most; done++) {
        const asked = performance.now()
        const lease = await claimNext(database, tools.rules, reviewer)
        found.times.push(performance.now() - asked)
        if (lease === null) {
          found.empty++
          return
        }
        found.claims++
        // Nothing is settled meanwhile, so that an item that comes twice came to two.
        if (given.has(lease.itemId)) found.conflicts++
        given.add(lease.itemId)
        await decide(database, tools, reviewer, lease.itemId, lease.token, verdict)
      }
    }),
  )
  return { ...found, seconds: (performance.now() - start) / 1000 }
}
