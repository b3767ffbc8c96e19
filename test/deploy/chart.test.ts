// The Helm chart, rendered by helm and held against Kubernetes' own description of its resources.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { after, test } from 'node:test'
import { promisify } from 'node:util'
import { parseAllDocuments } from 'yaml'
import { readConfig } from '../../src/kernel/config.ts'
import { suiteOn } from '../support/services.ts'
import { tools } from '../support/tools.ts'
import { KUBERNETES, writeSchemas } from './schemas.ts'

const run = promisify(execFile)
const CHART = resolve(import.meta.dirname, '../../deploy/helm/darkroom')
const FULL = [
  'keda.enabled=true',
  'podMonitor.enabled=true',
  'serve.ingress.enabled=true',
  'serve.ingress.tlsSecret=tls',
  'gpu.packsClaim=packs',
  'config.DARKROOM_TASK_LEASE_MS=20000',
]

type Resource = {
  kind: string
  metadata: { name: string }
  spec: Record<string, unknown>
  data?: Record<string, string>
}

suiteOn('the Helm chart', await tools('helm', 'kubeconform', 'go'), ({ helm, kubeconform }) => {
  const folder = mkdtemp(join(tmpdir(), 'darkroom-chart-'))
  after(async () => rm(await folder, { recursive: true, force: true }))

  const render = async (...settings: string[]): Promise<string> => {
    const sets = settings.flatMap((one) => ['--set-string', one].map((part) => part))
    const args = ['template', 'darkroom', CHART, '--kube-version', KUBERNETES, '--namespace', 'pictures', ...sets]
    return (await run(helm, args, { maxBuffer: 1 << 24 })).stdout
  }
  const resources = (text: string): Resource[] =>
    parseAllDocuments(text).flatMap((document) => {
      const value: Resource | null = document.toJS()
      return value === null ? [] : [value]
    })

  test('lints without a complaint', async () => {
    await run(helm, ['lint', '--strict', CHART])
  })

  test('renders what Kubernetes knows, field by field, in its plain and its full form', async () => {
    const location = await writeSchemas(join(await folder, 'schemas'))
    for (const [index, settings] of [[], FULL].entries()) {
      const file = join(await folder, `rendered-${index}.yaml`)
      await writeFile(file, await render(...settings))
      // PodMonitor is described by an operator whose definitions no module proxy serves.
      const args = ['-strict', '-summary', '-output', 'json', '-schema-location', location, '-skip', 'PodMonitor', file]
      const { stdout } = await run(kubeconform, args)
      const { summary } = JSON.parse(stdout)
      assert.equal(summary.invalid + summary.errors, 0, stdout)
      assert.ok(summary.valid >= 15, `only ${summary.valid} resources were checked`)
    }
  })

  test('a field that Kubernetes does not know is found', async () => {
    const location = await writeSchemas(join(await folder, 'schemas'))
    const file = join(await folder, 'wrong.yaml')
    await writeFile(file, (await render()).replaceAll('terminationGracePeriodSeconds:', 'terminationGraceSeconds:'))
    await assert.rejects(run(kubeconform, ['-strict', '-schema-location', location, file]), {
      stdout: /terminationGraceSeconds/,
    })
  })

  test('every pod is unprivileged, cannot write its own files, and has all three probes', async () => {
    const deployments = resources(await render(...FULL)).filter(({ kind }) => kind === 'Deployment')
    assert.equal(deployments.length, 5)
    for (const { metadata, spec } of deployments) {
      const pod = JSON.parse(JSON.stringify(spec)).template.spec
      const [container] = pod.containers
      assert.equal(pod.securityContext.runAsNonRoot, true, metadata.name)
      assert.equal(pod.enableServiceLinks, false, metadata.name)
      assert.equal(container.securityContext.readOnlyRootFilesystem, true, metadata.name)
      assert.deepEqual(container.securityContext.capabilities, { drop: ['ALL'] })
      for (const probe of ['startupProbe', 'readinessProbe', 'livenessProbe']) assert.ok(container[probe], probe)
    }
  })

  test('the variables that the chart sets are ones that the program knows', async () => {
    const all = resources(await render(...FULL))
    const config = all.find(({ kind }) => kind === 'ConfigMap')?.data ?? {}
    const env: Record<string, string> = { ...config }
    for (const { spec } of all.filter(({ kind }) => kind === 'Deployment'))
      for (const { name, value } of JSON.parse(JSON.stringify(spec)).template.spec.containers[0].env) env[name] = value
    assert.ok(Object.keys(env).length >= 4)
    readConfig(env)
  })
})
