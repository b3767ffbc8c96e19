// The opened rows as Parquet, in row groups, so that memory stays bounded: `take` gives the bytes that are ready.
import { ByteWriter } from 'hyparquet-writer/src/bytewriter.js'
import { ParquetWriter } from 'hyparquet-writer/src/parquet-writer.js'
import { SYSTEM } from '../kernel/version.ts'
import { COLUMNS } from './export-csv.ts'
import type { Row } from './export-format.ts'

/** Encoded in one go, while others wait. */
const GROUP_ROWS = 2500

type Element = ConstructorParameters<typeof ParquetWriter>[0]['schema'][number]
type Values = { [column in (typeof COLUMNS)[number]]: unknown[] }

const text = (name: string): Element => ({
  name,
  type: 'BYTE_ARRAY',
  converted_type: 'UTF8',
  repetition_type: 'REQUIRED',
})
const SCHEMA: Element[] = [
  { name: 'root', num_children: COLUMNS.length },
  { name: 'index', type: 'INT64', repetition_type: 'REQUIRED' },
  { name: 'at', type: 'INT64', converted_type: 'TIMESTAMP_MILLIS', repetition_type: 'REQUIRED' },
  text('tenant'),
  { name: 'sequence', type: 'INT64', repetition_type: 'REQUIRED' },
  text('kind'),
  text('subject'),
  text('id'),
  { ...text('from'), repetition_type: 'OPTIONAL' },
  { ...text('to'), repetition_type: 'OPTIONAL' },
  { name: 'facts', type: 'BYTE_ARRAY', converted_type: 'JSON', repetition_type: 'REQUIRED' },
]

export type ParquetFile = {
  /** Nothing of a row that is closed. */
  add: (row: Row) => void
  end: () => void
  /** What was written since it was asked last. */
  take: () => Buffer
}

export function openParquet(): ParquetFile {
  const writer = new ByteWriter()
  const file = new ParquetWriter({ writer, schema: SCHEMA, createdBy: `${SYSTEM.name} ${SYSTEM.version}` })
  let group = emptyGroup()
  const write = () => {
    if (group.index.length === 0) return
    const columnData = COLUMNS.map((name) => ({ name, data: group[name] }))
    void file.write({ columnData, rowGroupSize: group.index.length })
    group = emptyGroup()
  }
  return {
    add: ({ entry, index, opened }) => {
      if (opened === null) return
      const { kind, subject, id, from, to, facts } = opened
      group.index.push(BigInt(index))
      group.at.push(new Date(entry.at))
      group.tenant.push(entry.tenant)
      group.sequence.push(BigInt(entry.sequence))
      group.kind.push(kind)
      group.subject.push(subject)
      group.id.push(id)
      group.from.push(from)
      group.to.push(to)
      group.facts.push(facts)
      if (group.index.length >= GROUP_ROWS) write()
    },
    end: () => {
      write()
      void file.finish()
    },
    take: () => {
      const bytes = Buffer.from(writer.getBytes())
      // The offset in the file goes on; only what was buffered is handed over.
      writer.index = 0
      return bytes
    },
  }
}

function emptyGroup(): Values {
  return { index: [], at: [], tenant: [], sequence: [], kind: [], subject: [], id: [], from: [], to: [], facts: [] }
}
