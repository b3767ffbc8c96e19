// An order of an export as it arrives, from a body of JSON or from a form, checked as far as nobody needs to ask the records.
import type { Asked } from '../audit/export-records.ts'
import { Fault } from '../kernel/fault.ts'
import { type Idempotency, readIdempotency } from '../kernel/idempotency.ts'
import { NewExport } from './audit-export-schemas.ts'
import { instant, validationFault, validatorCompiler } from './validation.ts'

const DAY_MS = 86_400_000

/** Fault: invalid_request, which names the field. */
export function readOrder(body: NewExport, mostDays: number): Asked {
  const from = instant(body.from, 'from')
  const to = instant(body.to, 'to')
  if (from === null || to === null) throw new Fault('invalid_request', { field: 'from', detail: 'say from and to' })
  if (from >= to) throw new Fault('invalid_request', { field: 'to', detail: 'to is not after from' })
  if (to.getTime() - from.getTime() > mostDays * DAY_MS)
    throw new Fault('invalid_request', {
      field: 'to',
      detail: `an export has a period of ${mostDays} days at the most`,
    })
  const { tenant = null, kind = null, subject = null, formats } = body
  return {
    from,
    to,
    tenant,
    kind,
    subject,
    csv: formats?.includes('csv') === true,
    parquet: formats?.includes('parquet') === true,
  }
}

const check = validatorCompiler({ schema: NewExport, method: 'POST', url: '', httpPart: 'body' })

/** Of what no route has looked at, such as a form. Fault: invalid_request, in the words of the route. */
export function requireShape(body: NewExport): void {
  const checked = check(body)
  if (typeof checked === 'object' && 'error' in checked && Array.isArray(checked.error))
    throw validationFault(checked.error, 'body')
}

/** Null without a key. Fault: invalid_request (field idempotency-key). */
export function keyOfOrder(key: string | null, asked: Asked, secret: Uint8Array): Idempotency | null {
  const order = { ...asked, from: asked.from.toISOString(), to: asked.to.toISOString() }
  return readIdempotency(key, order, 'audit_export', secret)
}
