// The log's checkpoint rides along with what callers learn of their pictures and statements, so that whoever keeps answers keeps
// signed trees that the operator can later be held to, without asking for them. One a second is read, for everybody.

import { servedCheckpoint } from '../audit/publication.ts'
import type { Ground } from '../kernel/ground.ts'
import type { App } from './app.ts'

const HEADER = 'darkroom-log-checkpoint'
const TAGS = ['generations', 'images', 'openai', 'statements']
const FRESH_MS = 1000

const SCHEMA = {
  type: 'string',
  description:
    'The log’s newest checkpoint: its size, its root and the log’s signature, both in base64, parted by spaces. Not there before the log’s first entry.',
}

export function registerLogHeader(app: App, ground: Ground): void {
  const newest = newestLine(ground)
  app.addHook('onRoute', (route) => {
    if (!carries(route.schema?.tags)) return
    const answers = Object(route.schema?.response)
    // A schema may be another route's too.
    for (const [status, answer] of Object.entries(answers))
      if (Number(status) < 400) answers[status] = { ...Object(answer), headers: { [HEADER]: SCHEMA } }
  })
  app.addHook('onSend', async (request, reply, payload) => {
    if (reply.statusCode >= 500 || !carries(request.routeOptions.schema?.tags)) return payload
    const line = await newest()
    if (line !== null) reply.header(HEADER, line)
    return payload
  })
}

function carries(tags: readonly string[] | undefined): boolean {
  return tags?.some((tag) => TAGS.includes(tag)) === true
}

function newestLine({ database, log }: Ground): () => Promise<string | null> {
  let read: { atMs: number; line: Promise<string | null> } | null = null
  return () => {
    if (read !== null && performance.now() - read.atMs < FRESH_MS) return read.line
    const line = servedCheckpoint(database.sql).then(
      (served) => (served === null ? null : lineOf(served.note)),
      (error: unknown) => {
        // What was done is done: its answer does not fail for this.
        log.warn({ error }, 'answers go without the checkpoint of the log')
        return null
      },
    )
    read = { atMs: performance.now(), line }
    return line
  }
}

/** Size, root and the log's own signature, which is a note's first. */
function lineOf(note: string): string {
  const [, size, root, , signed = ''] = note.split('\n')
  return `${size} ${root} ${signed.slice(signed.lastIndexOf(' ') + 1)}`
}
