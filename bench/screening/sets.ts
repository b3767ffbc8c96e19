// The prompts of test/screening, which has their story in its README: what is to be refused and what is to be allowed.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

const FOLDER = 'test/screening'
export const SETS = ['development', 'held-out'] as const
export type SetName = (typeof SETS)[number]

export type Row = { id: string; text: string; language: string }
export type Attack = Row & { category: string; technique: string }
export type Innocent = Row & { domain: string }
export type Prompts = { attacks: readonly Attack[]; innocent: readonly Innocent[] }

/** `folder` is another place of the sets, for a part that is kept elsewhere. */
export async function readSet(name: SetName, folder = join(FOLDER, name)): Promise<Prompts> {
  const [attacks, innocent] = await Promise.all(
    ['attacks.jsonl', 'innocent.jsonl'].map((file) => readRows(join(folder, file))),
  )
  return {
    attacks: (attacks ?? []).map((row) => ({
      ...common(row),
      category: field(row, 'category'),
      technique: field(row, 'technique'),
    })),
    innocent: (innocent ?? []).map((row) => ({ ...common(row), domain: field(row, 'domain') })),
  }
}

async function readRows(file: string): Promise<object[]> {
  const text = await readFile(file, 'utf8')
  return text.split('\n').flatMap((line) => {
    if (line === '') return []
    const row: unknown = JSON.parse(line)
    if (typeof row !== 'object' || row === null) throw new Error(`${file}: a line is no row`)
    return [row]
  })
}

function common(row: object): Row {
  return { id: field(row, 'id'), text: field(row, 'text'), language: field(row, 'language') }
}

function field(row: object, name: string): string {
  const value: unknown = Reflect.get(row, name)
  if (typeof value !== 'string') throw new Error(`a row of the screening sets lacks ${name}`)
  return value
}
