// A desk whose people are spared more, or less, than the rules that ship say: the same files with a few limits of theirs changed.
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql as raw } from 'kysely'
import { openDesk } from './desk.ts'

export type Limits = Readonly<Record<string, number | null>>
export type SparingDesk = Awaited<ReturnType<typeof openSparingDesk>>

const POLICIES = join(import.meta.dirname, '../../policies')
export const MINUTE = 60
export const HOUR = 3600
export const DAY = 24 * HOUR

/** Of `wellbeing` in review.yaml. */
export async function openSparingDesk(limits: Limits = {}, env: Record<string, string> = {}) {
  const policies = await mkdtemp(join(tmpdir(), 'darkroom-policies-'))
  await cp(POLICIES, policies, { recursive: true })
  const file = join(policies, 'review.yaml')
  let text = await readFile(file, 'utf8')
  for (const [name, value] of Object.entries(limits)) {
    const line = new RegExp(`^  ${name}: .*$`, 'm')
    if (!line.test(text)) throw new Error(`the rules have no limit ${name}`)
    text = text.replace(line, `  ${name}: ${value}`)
  }
  await writeFile(file, text)
  const desk = await openDesk({ DARKROOM_POLICIES_DIR: policies, ...env })
  const { sql } = desk.service.ground.database

  const post = (who: string, path: string, body: object = {}) => desk.as(`/v1/review/${path}`, who, { body })
  const shift = async (who: string) => (await desk.as('/v1/review/shift', who)).body
  return {
    ...desk,
    sql,
    post,
    shift,
    next: (who: string, body?: object) => desk.as('/v1/review/next', who, { method: 'POST', body }),
    put: (who: string, path: string, body: object) => desk.as(`/v1/review/shift/${path}`, who, { method: 'PUT', body }),
    state: async (who: string) => (await shift(who)).break.state,
    /** The desk as at its opening: nothing open, nobody tired, the clock right. */
    clear: async () => {
      await desk.clear()
      for (const table of ['review_shift', 'review_skip', 'review_handover', 'review_reveal'])
        await raw`DELETE FROM ${raw.id('darkroom', table)}`.execute(sql)
      await raw`UPDATE darkroom.review_verdict SET at = at - interval '2 days'`.execute(sql)
    },
    [Symbol.asyncDispose]: async () => {
      await desk[Symbol.asyncDispose]()
      await rm(policies, { recursive: true, force: true })
    },
  }
}
