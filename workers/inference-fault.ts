// A model's failure as the service's fault: which of them is worth another try, and which facts go with it.
import { Fault, type FaultCode, type Retry } from '../src/kernel/fault.ts'
import type { FailureReport } from './inference-protocol.ts'

const FAULTS: Record<FailureReport['code'], { code: FaultCode; retry: Retry }> = {
  pack_missing: { code: 'pack_missing', retry: 'never' },
  pack_corrupt: { code: 'pack_corrupt', retry: 'never' },
  pack_unsupported: { code: 'pack_corrupt', retry: 'never' },
  // The same seed gives the same numbers: trying again would fail again.
  nan: { code: 'nan', retry: 'never' },
  out_of_memory: { code: 'out_of_memory', retry: 'later' },
  model_error: { code: 'model_error', retry: 'later' },
  invalid_input: { code: 'invalid_request', retry: 'never' },
}

export function toFault(report: FailureReport, facts: Record<string, string> = {}): Fault {
  const { code, retry } = FAULTS[report.code]
  const field = report.field ?? report.file
  return new Fault(code, {
    retry,
    detail: report.message,
    ...(field === undefined ? {} : { field }),
    facts: {
      ...facts,
      ...(report.code === 'pack_unsupported' ? { unsupported: true } : {}),
      ...(report.file === undefined ? {} : { file: report.file }),
      ...(report.digest === undefined ? {} : { digest: report.digest }),
      ...(report.expectedDigest === undefined ? {} : { expectedDigest: report.expectedDigest }),
    },
  })
}
