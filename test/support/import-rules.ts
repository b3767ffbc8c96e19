// DESIGN's import rules as a table, and the check that holds every source file against it. Pure: it takes paths and
// texts and answers violations, one line each, so the test can prove on made-up files that each rule bites.
// Types count as imports: what a file must not use, it must not name either. Only a cycle is one of values, since an
// erased import runs nothing.

import { dirname, join } from 'node:path/posix'
import { parseSync } from 'oxc-parser'

const sharedStages = ['tenant', 'policy', 'statement', 'review', 'notify']
const stages = [
  ...sharedStages,
  ...['admit', 'schedule', 'generate', 'moderate', 'appeal', 'mark', 'publish', 'audit', 'evaluate'],
]
const faces = ['http', 'console']
const ground = ['kernel', 'journey', 'advance', 'outcome']
// main.ts and its commands are one part: they wire, and nobody imports them.
const everything = [...ground, ...stages, ...faces, 'models']

/** What each part of the tree may import from other parts; a part that is not named here may not exist. */
const mayImport = new Map<string, readonly string[]>([
  ['journey', []],
  ['kernel', ['journey', 'advance']],
  ['advance', ['kernel', 'journey']],
  ['outcome', ['kernel', 'journey', 'advance']],
  ...stages.map((stage): [string, string[]] => [stage, [...ground, ...sharedStages]]),
  ...faces.map((face): [string, string[]] => [face, [...ground, ...stages, ...faces]]),
  ['models', []],
  ['workers', everything],
  ['main', [...everything, 'workers']],
])

interface PackageRule {
  name: RegExp
  /** The only files that may import it. */
  within: RegExp
  /** True when no more than one file may: the adapter. */
  single?: true
}

const packageRules: readonly PackageRule[] = [
  { name: /^(@fastify\/|fastify$)/, within: /^src\/(http|console)\// },
  { name: /^bullmq$/, within: /^src\/schedule\/doorbell\.ts$/, single: true },
  { name: /^@aws-sdk\/client-kms$/, within: /^src\/kernel\/kms\.ts$/, single: true },
  { name: /^@aws-sdk\//, within: /^src\/publish\//, single: true },
  // Manifests in the one, TrustMark in the other.
  { name: /^@contentauth\/c2pa-node$/, within: /^src\/mark\/(signer|trustmark)\.ts$/ },
  {
    name: /^(node:)?child_process$/,
    within: /^(workers\/(inference-child|file-reader|quiet-provider)|src\/mark\/signers\/command)\.ts$/,
  },
  { name: /^openid-client$/, within: /^src\/tenant\/oidc\.ts$/, single: true },
  { name: /^onnxruntime-node$/, within: /^models\// },
  { name: /^@huggingface\/hub$/, within: /^models\/hub\/hub\.ts$/, single: true },
]
const modelLibraries = /^(node:.+|onnxruntime-node|sharp|@huggingface\/(tokenizers|hub))$/

const partOf = (file: string): string => {
  const [top = '', second = ''] = file.split('/')
  if (top !== 'src') return top
  if (second === 'migrations') return 'kernel'
  return second === 'commands' ? 'main' : second.replace(/\.ts$/, '')
}

export interface Import {
  specifier: string
  /** False for a type, which is erased, and for a worker's file, which runs elsewhere. */
  runsHere: boolean
}

/** Every module a file names: static, re-exported, dynamic, and `new URL('./x.ts', import.meta.url)` of a worker. */
export const importsOf = (file: string, text: string): Import[] => {
  const { module, errors } = parseSync(file, text)
  if (errors[0]) throw new Error(`${file}: ${errors[0].message}`)
  const statics = module.staticImports.map(({ moduleRequest, entries }) => ({
    specifier: moduleRequest.value,
    runsHere: entries.length === 0 || entries.some(({ isType }) => !isType),
  }))
  const exported = module.staticExports
    .flatMap(({ entries }) => entries)
    .map(({ moduleRequest, isType }) => ({ specifier: moduleRequest?.value ?? '', runsHere: !isType }))
  const dynamic = module.dynamicImports.map(({ moduleRequest }) => {
    const expression = text.slice(moduleRequest.start, moduleRequest.end)
    return { specifier: /^(['"])(.*)\1$/.exec(expression)?.[2] ?? '', runsHere: true }
  })
  const workers = [...text.matchAll(/new URL\(\s*'(\.[^']+\.ts)',\s*import\.meta\.url/g)]
  return [
    ...[...statics, ...exported, ...dynamic].filter(({ specifier }) => specifier !== ''),
    ...workers.map((match) => ({ specifier: match[1] ?? '', runsHere: false })),
  ]
}

const checkPart = (file: string, target: string): string | undefined => {
  const [from, to] = [partOf(file), partOf(target)]
  const allowed = mayImport.get(from)
  if (allowed === undefined) return `${file}: no part of the design is called ${from}`
  return from === to || allowed.includes(to) ? undefined : `${file}: ${from} may not import ${to} (${target})`
}

const checkPackage = (file: string, name: string): string | undefined => {
  const rule = packageRules.find((candidate) => candidate.name.test(name))
  if (rule && !rule.within.test(file)) return `${file}: ${name} belongs to ${rule.within.source}`
  if (partOf(file) === 'models' && !modelLibraries.test(name)) return `${file}: models may not import ${name}`
  return undefined
}

/** An auditor is given this one file and nothing else. */
const HANDED_OUT = 'src/audit/verify.mjs'

const checkShape = (file: string, text: string): string[] => {
  const lines = text.split('\n').length - 1
  return [
    lines > 300 && file !== HANDED_OUT ? `${file}: ${lines} lines; 300 at the most` : '',
    /(^|\/)index\.(ts|js|mjs)$/.test(file) ? `${file}: no barrel files` : '',
    /(^|\/)(utils?|helpers?)(\/|\.)/i.test(file) ? `${file}: name it after what it does, not utils` : '',
  ].filter((line) => line !== '')
}

/** The first cycle that each file closes, as a path of files; each cycle is told once. */
const findCycles = (graph: ReadonlyMap<string, readonly string[]>): string[] => {
  const done = new Set<string>()
  const cycles: string[] = []
  const visit = (file: string, path: readonly string[]): void => {
    const start = path.indexOf(file)
    if (start >= 0) {
      cycles.push(`cycle: ${[...path.slice(start), file].join(' -> ')}`)
      return
    }
    if (done.has(file)) return
    for (const target of graph.get(file) ?? []) visit(target, [...path, file])
    done.add(file)
  }
  for (const file of graph.keys()) visit(file, [])
  return cycles
}

/** Every violation in the tree. `files` maps a path from the repository's root, with forward slashes, to its text. */
export const findViolations = (files: ReadonlyMap<string, string>): string[] => {
  const violations: (string | undefined)[] = []
  const graph = new Map<string, string[]>()
  const importers = new Map<PackageRule, Set<string>>()
  for (const [file, text] of files) {
    violations.push(...checkShape(file, text))
    const targets: string[] = []
    for (const { specifier, runsHere } of importsOf(file, text)) {
      if (specifier.startsWith('.')) {
        const target = join(dirname(file), specifier)
        if (runsHere) targets.push(target)
        violations.push(checkPart(file, target))
      } else {
        violations.push(checkPackage(file, specifier))
        const rule = packageRules.find(({ name, single }) => single && name.test(specifier))
        if (rule) importers.set(rule, (importers.get(rule) ?? new Set()).add(file))
      }
    }
    graph.set(file, targets)
  }
  for (const [rule, by] of importers) {
    if (by.size > 1) violations.push(`${rule.name.source} has one adapter, but ${[...by].sort().join(', ')} import it`)
  }
  return [...new Set([...violations.filter((line) => line !== undefined), ...findCycles(graph)])]
}
