// Which files of a repository make a pack: weights in ONNX, configurations, vocabularies, the card and the licence; nothing that runs.
// A path that climbs out ends the pull, wanted or not: who names one means harm. Limits are looked at before a byte is fetched. Pure.
import { extname, posix } from 'node:path'
import { ModelError } from '../runtime/error.ts'
import { expectSize } from '../runtime/pack-files.ts'
import type { HubFile } from './hub.ts'

export type Wanted = HubFile & {
  /** Its path in the pack: a licence without an extension gets one. */
  target: string
}

const KINDS = ['.onnx', '.onnx_data', '.json', '.txt', '.model']
const CARD = /^README\.md$/i
const LICENCE = /^LICEN[CS]E(\.md|\.txt)?$/i
const INDEX = 'model_index.json'
// A digest that the hub's repository states of itself is nobody's promise, and its classifiers are not calibrated here.
const OWN = 'pack.json'

/**
 * In the order in which they are fetched: what is read before weights come first. `include`: patterns that files must match besides
 * the card, the licence and the index. ModelError: pack_unsupported, pack_corrupt, by path.
 */
export function chooseFiles(
  repo: string,
  files: readonly HubFile[],
  include: readonly string[],
  maxBytes: number,
): Wanted[] {
  for (const { path } of files) if (climbs(path)) throw refused(repo, path, 'a path that leaves the repository')
  const wanted = files
    .filter(({ path }) => isWanted(path, include))
    .map((file) => ({ ...file, target: targetOf(file.path) }))
  const targets = new Set<string>()
  for (const { path, target, sizeBytes } of wanted) {
    if (!/^[\w.+ @-]+(\/[\w.+ @-]+)*$/.test(path)) throw refused(repo, path, 'a name with odd characters')
    // A file system that does not tell cases apart would make one of two.
    if (targets.has(target.toLowerCase())) throw refused(repo, path, 'a second file of this name')
    targets.add(target.toLowerCase())
    expectSize(`${repo}/${target}`, sizeBytes)
  }
  if (!wanted.some(({ path }) => path === INDEX))
    throw refused(repo, INDEX, 'missing: this is no pipeline of diffusers; name a repository that has it at its root')
  if (!wanted.some(({ path }) => extname(path) === '.onnx'))
    throw refused(
      repo,
      '.onnx',
      'no weights in ONNX; export it (optimum-cli export onnx), or name a repository that was',
    )
  const total = wanted.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  if (total > maxBytes)
    throw new ModelError(
      'pack_unsupported',
      `${repo}: ${total} bytes, where ${maxBytes} are allowed; take less with --include, or raise DARKROOM_PULL_MAX_BYTES`,
      { file: repo, field: 'DARKROOM_PULL_MAX_BYTES' },
    )
  return wanted.sort((a, b) => rank(a.path) - rank(b.path) || (a.path < b.path ? -1 : 1))
}

export function isLicence(path: string): boolean {
  return LICENCE.test(path)
}

export function isCard(path: string): boolean {
  return CARD.test(path)
}

function isWanted(path: string, include: readonly string[]): boolean {
  if (isCard(path) || isLicence(path) || path === INDEX) return true
  // What a tool leaves beside its files is no part of a model.
  if (path === OWN || path.split('/').some((part) => part.startsWith('.'))) return false
  if (!KINDS.includes(extname(path))) return false
  return include.length === 0 || include.some((pattern) => posix.matchesGlob(path, pattern))
}

function targetOf(path: string): string {
  if (isCard(path)) return 'README.md'
  return isLicence(path) && extname(path) === '' ? `${path}.txt` : path
}

function climbs(path: string): boolean {
  return (
    /^[/\\]|^[A-Za-z]:|\\|\0/.test(path) || path.split('/').some((part) => part === '' || part === '.' || part === '..')
  )
}

function rank(path: string): number {
  if (isCard(path) || isLicence(path)) return 0
  return ['.onnx', '.onnx_data'].indexOf(extname(path)) + 2
}

function refused(repo: string, path: string, why: string): ModelError {
  return new ModelError('pack_unsupported', `${repo}: ${path}: ${why}`, { file: repo, field: path })
}
