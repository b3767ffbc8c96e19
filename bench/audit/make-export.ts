// One export of the whole log, ordered and made in a process of its own: `make-export.ts PLACE TO FORMATS`, where FORMATS are csv and parquet,
// or none. Tells what it is called and how long it took, as JSON.
import { runExport } from '../../src/audit/export-job.ts'
import { orderExport } from '../../src/audit/export-records.ts'
import { exportTools, openStage } from './stage.ts'

const [url, home, to, ...formats] = process.argv.slice(2)
if (url === undefined || home === undefined || to === undefined) throw new TypeError('give URL, HOME and TO')

await using stage = await openStage({ url, home })
const began = performance.now()
const asked = { from: new Date(0), to: new Date(to), tenant: null, kind: null, subject: null }
const wanted = { csv: formats.includes('csv'), parquet: formats.includes('parquet') }
const { id } = await stage.database.transact((tx) => orderExport(tx, 'bench', { ...asked, ...wanted }, null))
const pass = await runExport(exportTools(stage))
if (pass !== 'made') throw new Error(`the export is not made: ${pass}`)
process.stdout.write(JSON.stringify({ id, seconds: (performance.now() - began) / 1000 }))
