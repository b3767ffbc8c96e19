// The parts of an export: rows with their CSV beside them, then Parquet from those. Each is stored once under its key, and counted under
// the worker's fence when it is there. Null from any of these: what is stored is not what would be written now, so begin anew.
import { setImmediate } from 'node:timers/promises'
import type { ExportPart } from '../kernel/log-tables.ts'
import { partKey } from './export-archive.ts'
import { CSV_HEADER, csvLine } from './export-csv.ts'
import { openParquet } from './export-parquet.ts'
import { record, recordPart } from './export-records.ts'
import { readRows, reread, type Told } from './export-rows.ts'
import type { Tally } from './export-tally.ts'
import { type ExportTools, goOn, type Making } from './export-tools.ts'

export type WrittenRows = { parts: ExportPart[] }

const PAGE_ROWS = 500

type Open = { rows: number; withheld: number[]; lines: string[]; csv: string[]; sizeBytes: number }

/** All rows of the range: first those that are stored already, read back, then the others. Faults: as the stores and records have. */
export async function writeRows(tools: ExportTools, making: Making, tally: Tally): Promise<WrittenRows | null> {
  const { row, range } = making
  const parts: ExportPart[] = []
  let index = range.first
  for (const [place, part] of row.parts.entries()) {
    if (!(await readBack(tools, making, tally, place))) return null
    parts.push(part)
    index += part.rows
  }
  let open = openPart(parts.length)
  while (index < range.end) {
    const end = Math.min(index + PAGE_ROWS, range.end)
    for (const told of await readRows(tools.database.sql, index, end, making)) {
      tally.add(told)
      addTo(open, told, row.csv)
      index += 1
      if (open.sizeBytes < tools.partBytes) continue
      const part = await store(tools, making, open, parts.length)
      if (part === null) return null
      parts.push(part)
      open = openPart(parts.length)
    }
  }
  // There is always a part, so that the CSV has its header.
  if (open.rows > 0 || parts.length === 0) {
    const part = await store(tools, making, open, parts.length)
    if (part === null) return null
    parts.push(part)
  }
  return { parts }
}

/** The Parquet file, made of the stored rows; the same each time. Sizes of its parts. */
export async function writeParquet(
  tools: ExportTools,
  making: Making,
  parts: readonly ExportPart[],
): Promise<number[] | null> {
  const file = openParquet()
  const sizes: number[] = []
  let ready: Buffer[] = []
  const flush = async (): Promise<boolean> => {
    const bytes = Buffer.concat(ready)
    ready = []
    if (!(await putSame(tools, partKey(making.row, 'parquet', sizes.length), bytes))) return false
    sizes.push(bytes.length)
    await record(tools.database.sql, making.row, tools.leaseMs)
    return true
  }
  for (const place of parts.keys()) {
    const { bytes } = await tools.quarantine.get(partKey(making.row, 'rows', place))
    for await (const { row } of atEase(reread(bytes, making))) file.add(row)
    ready.push(file.take())
    if (ready.reduce((sum, { length }) => sum + length, 0) >= tools.partBytes && !(await flush())) return null
    await record(tools.database.sql, making.row, tools.leaseMs)
  }
  file.end()
  ready.push(file.take())
  return (await flush()) ? sizes : null
}

/** Counts a stored part; false where it withholds others than would be withheld now. */
async function readBack(tools: ExportTools, making: Making, tally: Tally, place: number) {
  goOn(tools)
  const { database, quarantine, leaseMs } = tools
  const { row } = making
  const { bytes } = await quarantine.get(partKey(row, 'rows', place))
  const withheld: number[] = []
  for await (const told of atEase(reread(bytes, making))) {
    tally.add(told)
    if (told.withheld) withheld.push(told.row.index)
  }
  await record(database.sql, row, leaseMs)
  return withheld.join() === (row.parts[place]?.withheld ?? []).join()
}

/** Lets others have their turn: a whole part at once would keep them waiting. */
async function* atEase(rows: Iterable<Told>): AsyncGenerator<Told> {
  let count = 0
  for (const told of rows) {
    if (++count % PAGE_ROWS === 0) await setImmediate()
    yield told
  }
}

function openPart(place: number): Open {
  return { rows: 0, withheld: [], lines: [], csv: place === 0 ? [CSV_HEADER] : [], sizeBytes: 0 }
}

function addTo(open: Open, { row, line, withheld }: Told, csv: boolean): void {
  open.rows += 1
  open.lines.push(line)
  if (csv) open.csv.push(csvLine(row))
  open.sizeBytes += Buffer.byteLength(line)
  if (withheld) open.withheld.push(row.index)
}

async function store(
  tools: ExportTools,
  { row }: Making,
  { rows, withheld, lines, csv }: Open,
  place: number,
): Promise<ExportPart | null> {
  const [bytes, csvBytes] = [Buffer.from(lines.join('')), Buffer.from(csv.join(''))]
  if (!(await putSame(tools, partKey(row, 'rows', place), bytes))) return null
  if (row.csv && !(await putSame(tools, partKey(row, 'csv', place), csvBytes))) return null
  const part = { rows, sizeBytes: bytes.length, csvBytes: csvBytes.length, withheld }
  await recordPart(tools.database.sql, row, tools.leaseMs, part)
  return part
}

/** Whether the bytes are there now, stored by this worker or by another. */
async function putSame(tools: ExportTools, key: string, bytes: Buffer): Promise<boolean> {
  goOn(tools)
  const { quarantine } = tools
  const put = await quarantine.putIfAbsent(key, { bytes, contentType: 'application/octet-stream' })
  return put === 'created' || (await quarantine.get(key)).bytes.equals(bytes)
}
