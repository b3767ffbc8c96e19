// The decision that an appeal is about: its statement, and what it restricted as that stands now.
import Type from 'typebox'
import { Compile } from 'typebox/compile'
import type { Sql, Tx } from '../kernel/database.ts'
import { Fault } from '../kernel/fault.ts'

export type Contested = {
  readonly statementId: string
  readonly stage: 'input' | 'output'
  readonly inputKind: 'prompt' | 'image'
  readonly clause: string
  readonly category: string
  /** Every category that the decision found. */
  readonly categories: readonly string[]
  readonly redress: string
  /** People of the service whose decision it was. */
  readonly decidedBy: readonly string[]
  readonly requestId: string
  readonly imageId: string | null
  readonly prompt: string | null
  readonly erased: boolean
  /** Whether the restriction is still this statement's. */
  readonly stands: boolean
}

const Stated = Compile(
  Type.Object({
    stage: Type.Enum(['input', 'output']),
    inputKind: Type.Optional(Type.Enum(['prompt', 'image'])),
    clause: Type.String(),
    category: Type.String(),
    categories: Type.Array(Type.String()),
    redress: Type.Object({ kind: Type.String() }),
  }),
)

const REFUSED: readonly string[] = ['refused', 'denied', 'withdrawn']

/** Faults: not_found (another tenant's, too), appeal_closed (a statement that restricts nothing). */
export async function readContested(sql: Sql | Tx, tenantId: string, statementId: string): Promise<Contested> {
  const row = await sql
    .selectFrom('darkroom.statement as statement')
    .leftJoin('darkroom.image as image', 'image.id', 'statement.subject_id')
    .innerJoin('darkroom.request as request', (join) =>
      join.on(({ eb, fn, ref }) =>
        eb('request.id', '=', fn.coalesce(ref('image.request_id'), ref('statement.subject_id'))),
      ),
    )
    .select(['statement.record', 'statement.decided_by', 'statement.replaced_by', 'request.id as request_id'])
    .select(['request.prompt', 'request.state as request_state', 'request.erased_at as request_erased'])
    .select(['request.statement_id as request_statement', 'image.id as image_id', 'image.state as image_state'])
    .select(['image.erased_at as image_erased', 'image.statement_id as image_statement'])
    .where('statement.id', '=', statementId)
    .where('statement.tenant_id', '=', tenantId)
    .executeTakeFirst()
  if (row === undefined) throw new Fault('not_found', { facts: { id: statementId } })
  if (!Stated.Check(row.record))
    throw new Fault('appeal_closed', { detail: 'this statement restricts nothing that could be appealed' })
  const { stage, inputKind = 'prompt', clause, category, categories, redress } = row.record
  const image = row.image_id !== null
  const state = image ? row.image_state : row.request_state
  return {
    statementId,
    stage,
    inputKind: stage === 'output' ? 'image' : inputKind,
    clause,
    category,
    categories,
    redress: redress.kind,
    decidedBy: row.decided_by,
    requestId: row.request_id,
    imageId: row.image_id,
    prompt: row.prompt,
    erased: row.request_erased !== null || row.image_erased !== null,
    stands:
      row.replaced_by === null &&
      (image ? row.image_statement : row.request_statement) === statementId &&
      state !== null &&
      REFUSED.includes(state),
  }
}
