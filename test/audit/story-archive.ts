// The archive of an export as an auditor reads it who has nothing else: what became of each request by its rows alone, move by move.
import assert from 'node:assert/strict'
import { readArchive, readWhole } from '../../src/audit/archive-reader.ts'
import { type Manifest, type Opened, type Row, shapes } from '../../src/audit/export-format.ts'
import { BIRTH, mayMove, needsStatement, type Subject } from '../../src/journey.ts'
import { chunksOf } from './export-house.ts'

export type Explained = {
  requestId: string
  /** A pseudonym. */
  tenant: string
  state: string
  /** By position. */
  images: { id: string; state: string }[]
  restrictions: Restriction[]
  appeals: { id: string; contested: unknown; state: string }[]
  reports: number
  erasures: number
}
type Restriction = { subject: string; statement: string; digest: string }
export type Archive = { manifest: Manifest; rows: Row[]; files: Map<string, Buffer> }

export async function readStory(bytes: Buffer): Promise<Archive> {
  const files = new Map<string, Buffer>()
  for await (const file of readArchive(chunksOf(bytes))) files.set(file.name, await readWhole(file, 1e8))
  const manifest: unknown = JSON.parse(String(files.get('manifest.json')))
  assert.ok(shapes.manifest.Check(manifest))
  const rows = String(files.get('rows.jsonl'))
    .split('\n')
    .slice(0, -1)
    .map((line) => {
      const row: unknown = JSON.parse(line)
      assert.ok(shapes.row.Check(row))
      return row
    })
  return { manifest, rows, files }
}

type Followed = { subject: Subject; id: string; tenant: string; state: string; birth: Opened }

/** By the id of the request. What no move of the journey explains fails. */
export function explain(rows: readonly Row[]): Map<string, Explained> {
  const followed = new Map<string, Followed>()
  const notes: Opened[] = []
  for (const { entry, opened, index } of rows) {
    assert.ok(opened !== null, `the row at ${index} is closed`)
    if (isSubject(opened.subject)) follow(followed, opened, opened.subject, entry.tenant)
    else notes.push(opened)
  }
  const all = [...followed.values()]
  const restrictions = restrictionsIn(rows)
  const noted = (kind: string, ids: readonly string[]) =>
    notes.filter((one) => one.kind === kind && ids.includes(one.id)).length
  const explained = all
    .filter(({ subject }) => subject === 'request')
    .map(({ id: requestId, tenant, state }): Explained => {
      const own = (subject: Subject) =>
        all.filter((one) => one.subject === subject && factOf(one.birth, 'request') === requestId)
      const images = own('image').sort(
        (a, b) => Number(factOf(a.birth, 'position')) - Number(factOf(b.birth, 'position')),
      )
      const ids = [requestId, ...images.map(({ id }) => id)]
      return {
        requestId,
        tenant,
        state,
        images: images.map(({ id, state }) => ({ id, state })),
        restrictions: restrictions.filter(({ subject }) => ids.includes(subject)),
        appeals: own('appeal').map(({ id, state, birth }) => ({ id, contested: factOf(birth, 'contested'), state })),
        reports: noted('image.reported', ids),
        erasures: noted('generation.erased', ids),
      }
    })
  return new Map(explained.map((one) => [one.requestId, one]))
}

/** Every row that restricts somebody, and the statement of reasons that it names. */
export function restrictionsIn(rows: readonly Row[]): Restriction[] {
  return rows.flatMap(({ opened, index }) => {
    if (opened === null || opened.to === null || !isSubject(opened.subject)) return []
    if (!needsStatement(opened.subject, opened.to)) return []
    const [statement, digest] = [factOf(opened, 'statement'), factOf(opened, 'statement_digest')]
    assert.ok(typeof statement === 'string' && typeof digest === 'string', `the row at ${index} names no statement`)
    return [{ subject: opened.id, statement, digest }]
  })
}

export function factOf(opened: Opened | null, name: string): unknown {
  return Object(opened?.facts)[name]
}

function follow(followed: Map<string, Followed>, opened: Opened, subject: Subject, tenant: string): void {
  const { id, kind, from, to } = opened
  const before = followed.get(id)
  assert.ok(to !== null && kind === `${subject}.${to}`, `${id}: ${kind} is a move`)
  if (before === undefined) {
    assert.deepEqual([from, to], [null, BIRTH[subject]], `${id} begins at its beginning`)
    followed.set(id, { subject, id, tenant, state: to, birth: opened })
    return
  }
  assert.deepEqual([subject, from, tenant], [before.subject, before.state, before.tenant], `${id}: ${kind} follows`)
  assert.ok(mayMove(subject, before.state, to), `${id}: there is no move from ${before.state} to ${to}`)
  before.state = to
}

function isSubject(name: string): name is Subject {
  return Object.hasOwn(BIRTH, name)
}
