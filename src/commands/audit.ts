// `darkroom audit`: an export of the log from a service, and the verification of one, or of a receipt, without any. audit-export.ts,
// audit-verify.ts and audit-receipt.ts do it.
import { parseArgs } from 'node:util'
import { readConfig } from '../kernel/config.ts'
import { Fault } from '../kernel/fault.ts'
import { verifyReceipt } from './audit-receipt.ts'
import { verifyFile } from './audit-verify.ts'
import type { Command } from './command.ts'

const EXPORT = {
  from: { type: 'string' },
  to: { type: 'string' },
  tenant: { type: 'string' },
  kind: { type: 'string' },
  subject: { type: 'string' },
  csv: { type: 'boolean', default: false },
  parquet: { type: 'boolean', default: false },
  out: { type: 'string' },
  url: { type: 'string' },
} as const
const VERIFY = {
  key: { type: 'string' },
  checkpoint: { type: 'string', multiple: true, default: [] as string[] },
  json: { type: 'boolean', default: false },
} as const
const RECEIPT = { key: { type: 'string' }, picture: { type: 'string' } } as const

export const command: Command = {
  usage: `usage: npm run darkroom -- audit export --from TIME --to TIME --out FILE.tar [--tenant ID] [--kind KIND] [--subject ID]
                                           [--csv] [--parquet] [--url URL]
       npm run darkroom -- audit verify FILE.tar [--key KEY] [--checkpoint FILE]... [--json]
       npm run darkroom -- audit receipt FILE --key KEY [--picture FILE]

export orders an export of the log and fetches its archive when it is made. Run again with the same words it goes on where it broke off.
Exit status: 0 done, 3 no row matches (the archive shows it).

  --from, --to     a day of UTC (2026-01-01) or a moment (2026-01-01T12:00:00Z); from is in the period, to is not
  --tenant ID      rows of one tenant alone; --kind image.denied of one kind; --subject ID about one generation, image, ...
  --csv --parquet  the opened rows as tables, beside
  --out FILE       the archive; the file must not exist yet
  --url URL        the service (default http://HOST:PORT; DARKROOM_URL)
The key is read from DARKROOM_KEY (a compliance officer's will do), else it is the admin key of the key file.

verify asks nobody. Exit status: 0 everything holds, 1 something is wrong, 2 it could not be checked, 3 it holds and no row matches,
4 all that the archive has holds, and a checkpoint that was given could not be held against it.

  --key KEY         the log's verifier key, or a file with it, from elsewhere than the export; without it the archive's own word is taken
  --checkpoint FILE a checkpoint of the log that somebody kept, of a tree that ends within the range: it must be of the same history
  --json            the verdict for a program

receipt asks nobody either: that the log has the record of a picture's release or of a decision. Exit status: 0, 1 and 2 as above.

  --key KEY         the log's verifier key, or a file with it, from elsewhere than the receipt
  --picture FILE    the picture whose release it is to be of`,
  run: async (args) => {
    const [act, ...rest] = args
    if (act === 'verify') {
      const { values, positionals } = parseArgs({ args: rest, allowPositionals: true, options: VERIFY })
      process.exitCode = await verifyFile(positionals, values)
    } else if (act === 'export') {
      const { values } = parseArgs({ args: rest, options: EXPORT })
      // Only here, since with it comes the whole service: whoever verifies loads nothing of that.
      const { fetchExport } = await import('./audit-export.ts')
      process.exitCode = await fetchExport(readConfig(process.env), values)
    } else if (act === 'receipt') {
      const { values, positionals } = parseArgs({ args: rest, allowPositionals: true, options: RECEIPT })
      process.exitCode = await verifyReceipt(positionals, values)
    } else throw new Fault('invalid_request', { field: 'command', detail: 'say export, verify or receipt' })
  },
}
