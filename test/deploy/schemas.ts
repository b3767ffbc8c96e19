// JSON schemas for kubeconform, made from what the Go module proxy serves: the API description in k8s.io/kubernetes and KEDA's
// own resource definitions. Strict: a field that Kubernetes does not know is an error, as the API server would warn of it.
import { execFile } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { parse } from 'yaml'

export const KUBERNETES = '1.34.1'
const KEDA = '2.18.0'
const KINDS = [
  'Deployment',
  'Service',
  'Ingress',
  'ConfigMap',
  'ServiceAccount',
  'NetworkPolicy',
  'PodDisruptionBudget',
]

type Schema = { [name: string]: unknown }
const run = promisify(execFile)

/** Writes one file a kind into a folder and returns the pattern that kubeconform takes. */
export async function writeSchemas(folder: string): Promise<string> {
  await mkdir(folder, { recursive: true })
  const kubernetes = await moduleFolder(`k8s.io/kubernetes@v${KUBERNETES}`)
  const api: unknown = JSON.parse(await readFile(join(kubernetes, 'api/openapi-spec/swagger.json'), 'utf8'))
  const definitions = asObject(asObject(api).definitions)
  for (const definition of Object.values(definitions)) tighten(asObject(definition))
  loosen(definitions, 'io.k8s.apimachinery.pkg.util.intstr.IntOrString', ['integer', 'string'])
  loosen(definitions, 'io.k8s.apimachinery.pkg.api.resource.Quantity', ['number', 'string'])
  for (const [name, definition] of Object.entries(definitions)) {
    const kinds = asObject(definition)['x-kubernetes-group-version-kind']
    if (!Array.isArray(kinds) || kinds.length !== 1) continue
    const { kind, group, version } = asObject(kinds[0])
    if (typeof kind !== 'string' || !KINDS.includes(kind) || version !== 'v1') continue
    const schema = { $ref: `#/definitions/${name}`, definitions }
    await writeFile(join(folder, fileName(kind, String(group), version)), JSON.stringify(schema))
  }
  const keda = await moduleFolder(`github.com/kedacore/keda/v2@v${KEDA}`)
  const text = await readFile(join(keda, 'config/crd/bases/keda.sh_scaledobjects.yaml'), 'utf8')
  const versions = asObject(asObject(parse(text)).spec).versions
  const schema = asObject(asObject(asObject(Array.isArray(versions) ? versions[0] : {}).schema).openAPIV3Schema)
  tighten(schema)
  Object.assign(asObject(asObject(schema.properties).metadata), { additionalProperties: true })
  await writeFile(join(folder, fileName('ScaledObject', 'keda.sh', 'v1alpha1')), JSON.stringify(schema))
  return join(folder, '{{ .ResourceKind }}{{ .KindSuffix }}.json')
}

/** As kubeconform names them: the kind, the group's first word, the version. */
function fileName(kind: string, group: string, version: string): string {
  return `${[kind.toLowerCase(), group.split('.')[0], version].filter((part) => part !== '').join('-')}.json`
}

async function moduleFolder(name: string): Promise<string> {
  const { stdout } = await run('go', ['mod', 'download', '-json', name], { cwd: tmpdir(), maxBuffer: 1 << 24 })
  const folder: unknown = asObject(JSON.parse(stdout)).Dir
  if (typeof folder !== 'string') throw new Error(`the Go module proxy did not serve ${name}`)
  return folder
}

/** What lists its properties has no others. */
function tighten(schema: Schema): void {
  if (typeof schema.properties === 'object' && schema.additionalProperties === undefined)
    schema.additionalProperties = schema['x-kubernetes-preserve-unknown-fields'] === true
  for (const part of Object.values(schema)) {
    if (Array.isArray(part)) for (const one of part) tighten(asObject(one))
    else if (typeof part === 'object' && part !== null) tighten(asObject(part))
  }
}

function loosen(definitions: Schema, name: string, types: string[]): void {
  definitions[name] = { oneOf: types.map((type) => ({ type })) }
}

function asObject(value: unknown): Schema {
  return typeof value === 'object' && value !== null ? Object.assign(value) : {}
}
