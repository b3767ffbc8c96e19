// Loads a moderation policy from its file, or says everything that is wrong with it, each with line and column.
// A policy is compiled once here; evaluating it later allocates little and never reads the file again.
// `digest` is the SHA-256 of the file's bytes: every decision carries it, so the text in force can be proved later.
import { readFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { Settings } from 'typebox/system'
import Value from 'typebox/value'
import { type Document, isMap, isPair, isScalar, LineCounter, parseDocument } from 'yaml'
import { sha256 } from '../kernel/canonical.ts'
import { Fault } from '../kernel/fault.ts'
import { compilePolicy, type Path } from './compile.ts'
import type { ModerationPolicy } from './policy.ts'
import { PolicySchema } from './schema.ts'

const MAX_FILE_BYTES = 1_048_576
const MAX_PROBLEMS = 200

type Problem = { readonly offset: number; readonly reason: string }

/** Fault: policy_invalid; its field is `folder/file:LINE:COL` of the first problem, its detail lists them all. */
export async function loadModerationPolicy(file: string): Promise<ModerationPolicy> {
  const name = join(basename(dirname(file)), basename(file))
  let bytes: Buffer
  try {
    bytes = await readFile(file)
  } catch (cause) {
    throw new Fault('policy_invalid', { field: name, detail: `${name}: cannot be read`, cause })
  }
  return parseModerationPolicy(bytes, name)
}

/** The same for bytes at hand; `name` is what problems call the file. */
export function parseModerationPolicy(bytes: Uint8Array, name: string): ModerationPolicy {
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
  if (!Value.Check(PolicySchema, document)) return refuse(shapeProblems(yaml, document))
  const problems: Problem[] = []
  const policy = compilePolicy(document, sha256(bytes), (path, reason) =>
    problems.push({ offset: offsetOf(yaml, path), reason }),
  )
  return problems.length > 0 ? refuse(problems) : Object.freeze(policy)
}

function shapeProblems(yaml: Document, document: unknown): Problem[] {
  const usual = Settings.Get().maxErrors
  Settings.Set({ maxErrors: MAX_PROBLEMS })
  try {
    return Value.Errors(PolicySchema, document).flatMap((error) => {
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
