// Reads a policy file of any kind: bytes, YAML, shape, meaning; or says everything that is wrong with it, each with line and column.
// Strict: a key that the schema does not know is refused, duplicate keys and aliases too. Who reads a file names its schema and
// compiles what the shape allows; a file with one problem is refused as a whole.
import { readFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { Static, TSchema } from 'typebox'
import { Settings } from 'typebox/system'
import Value from 'typebox/value'
import { type Document, isMap, isPair, isScalar, LineCounter, parseDocument } from 'yaml'
import { Fault } from '../kernel/fault.ts'

const MAX_FILE_BYTES = 1_048_576
const MAX_PROBLEMS = 200

/** Where a problem lies: the keys and indices that lead to it from the document's root. */
export type Path = readonly (string | number)[]
export type Report = (path: Path, reason: string) => void

type Problem = { readonly offset: number; readonly reason: string }
type Kind<Schema extends TSchema, T> = {
  schema: Schema
  /** Makes the value, telling `report` of every problem; it is thrown away if there was one. */
  compile: (document: Static<Schema>, report: Report) => T
}

/** A file's bytes and what problems call it: `folder/file`. Fault: policy_invalid. */
export async function readPolicyFile(file: string): Promise<{ bytes: Buffer; name: string }> {
  const name = join(basename(dirname(file)), basename(file))
  try {
    return { bytes: await readFile(file), name }
  } catch (cause) {
    throw new Fault('policy_invalid', { field: name, detail: `${name}: cannot be read`, cause })
  }
}

/** Fault: policy_invalid; its field is `name:LINE:COL` of the first problem, its detail lists them all. */
export function parseDocumentOf<Schema extends TSchema, T>(
  bytes: Uint8Array,
  name: string,
  { schema, compile }: Kind<Schema, T>,
): T {
  const lines = new LineCounter()
  const refuse = (problems: readonly Problem[]): never => {
    const sorted = problems
      .toSorted((a, b) => a.offset - b.offset)
      .map(({ offset, reason }) => {
        const { line, col } = lines.linePos(offset)
        return { where: `${name}:${Math.max(1, line)}:${Math.max(1, col)}`, reason }
      })
    const detail = `the policy is wrong:\n${sorted.map((p) => `  ${p.where}: ${p.reason}`).join('\n')}`
    throw new Fault('policy_invalid', { field: sorted[0]?.where ?? name, detail, facts: { problems: sorted.length } })
  }
  if (bytes.length > MAX_FILE_BYTES) return refuse([{ offset: 0, reason: `larger than ${MAX_FILE_BYTES} bytes` }])
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return refuse([{ offset: 0, reason: 'not UTF-8' }])
  }
  const yaml = parseDocument(text, { lineCounter: lines, uniqueKeys: true })
  const unread = [...yaml.errors, ...yaml.warnings]
  if (unread.length > 0)
    return refuse(unread.map((e) => ({ offset: e.pos[0], reason: e.message.split('\n', 1)[0] ?? e.code })))
  let document: unknown
  try {
    document = yaml.toJS({ maxAliasCount: 0 })
  } catch {
    return refuse([{ offset: 0, reason: 'write each part out: YAML aliases are not read' }])
  }
  if (!Value.Check(schema, document)) return refuse(shapeProblems(schema, yaml, document))
  const problems: Problem[] = []
  const compiled = compile(document, (path, reason) => problems.push({ offset: offsetOf(yaml, path), reason }))
  return problems.length > 0 ? refuse(problems) : compiled
}

function shapeProblems(schema: TSchema, yaml: Document, document: unknown): Problem[] {
  const usual = Settings.Get().maxErrors
  Settings.Set({ maxErrors: MAX_PROBLEMS })
  try {
    return Value.Errors(schema, document).flatMap((error) => {
      const path = pathOf(error.instancePath)
      const at = path.length === 0 ? '' : `${path.join('.')}: `
      // A schema that is plain `false` says only that its key is unknown, which the parent's error says better.
      if (error.keyword === 'boolean') return []
      if (error.keyword === 'additionalProperties')
        return error.params.additionalProperties.map((key) => ({
          offset: offsetOfKey(yaml, [...path, key]),
          reason: `${at}unknown key "${key}"`,
        }))
      if (error.keyword === 'required')
        return [{ offset: offsetOf(yaml, path), reason: `${at}lacks ${error.params.requiredProperties.join(', ')}` }]
      if (error.keyword === 'enum')
        return [
          { offset: offsetOf(yaml, path), reason: `${at}must be one of ${error.params.allowedValues.join(', ')}` },
        ]
      return [{ offset: offsetOf(yaml, path), reason: `${at}${error.message}` }]
    })
  } finally {
    Settings.Set({ maxErrors: usual })
  }
}

/** JSON Pointer (RFC 6901) to keys; indices stay text, which `getIn` accepts. */
function pathOf(pointer: string): string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
}

function offsetOf(yaml: Document, path: Path): number {
  for (let length = path.length; length > 0; length--) {
    const node: unknown = yaml.getIn(path.slice(0, length), true)
    if (isScalar(node) && node.range) return node.range[0]
    if (node !== undefined && node !== null) return offsetOfKey(yaml, path.slice(0, length))
  }
  return 0
}

/** A key's own place (a map's value begins on the next line, which points nowhere useful). */
function offsetOfKey(yaml: Document, path: Path): number {
  const parent: unknown = path.length === 1 ? yaml.contents : yaml.getIn(path.slice(0, -1), true)
  const last = path.at(-1)
  if (isMap(parent)) {
    const pair = parent.items.find((item) => isPair(item) && isScalar(item.key) && String(item.key.value) === last)
    if (pair && isScalar(pair.key) && pair.key.range) return pair.key.range[0]
  }
  const node: unknown = yaml.getIn(path, true)
  const range: unknown = typeof node === 'object' && node !== null && 'range' in node ? node.range : null
  return Array.isArray(range) && typeof range[0] === 'number' ? range[0] : 0
}
