// `darkroom generate` says where what it made can be found again, and where a refusal is explained and can be appealed.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'

const STATEMENT = { id: 'sor_1', notice: 'It was refused.', appeal_url: '/statements/sor_1#secret' }
const progress = { step: 0, steps: 1, position: null }

/** Runs it against a service that answers with this generation. */
async function generate(
  generation: object,
  ...options: string[]
): Promise<{ url: string; out: string; err: string; ordered: string }> {
  let ordered = ''
  const server = createServer((request, response) => {
    request.on('data', (part) => {
      ordered += part
    })
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify(request.url === '/healthz' ? {} : generation))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${portOf(server.address())}`
  const child = spawn(process.execPath, ['src/main.ts', 'generate', 'a boat', '--url', url, ...options], {
    env: { ...process.env, DARKROOM_KEY: 'dk_live_test' },
  })
  const said = { out: '', err: '' }
  child.stdout.on('data', (part) => {
    said.out += part
  })
  child.stderr.on('data', (part) => {
    said.err += part
  })
  await once(child, 'close')
  server.close()
  return { url, ...said, ordered }
}

function portOf(address: string | AddressInfo | null): number {
  assert.ok(typeof address === 'object' && address !== null)
  return address.port
}

test('a refusal is followed by the link to its statement, and the generation by its address', async () => {
  const { url, out, err } = await generate({
    ...{ id: 'req_1', state: 'refused', failure: null, progress, statement: STATEMENT, images: [] },
  })
  assert.match(err, /refused: It was refused\./)
  assert.ok(err.includes(`statement ${url}/statements/sor_1#secret\n`), err)
  assert.ok(out.includes(`generation ${url}/v1/generations/req_1\n`), out)
})

test('a picture that was withheld has the link of its own statement; one without a page the address for who has a key', async () => {
  const image = { id: 'img_1', state: 'denied', seed: 1, failure: null, url: null, provenance: null }
  const restricted = { ...STATEMENT, id: 'sor_2', appeal_url: null }
  const { url, err } = await generate({
    ...{ id: 'req_1', state: 'done', failure: null, progress, statement: null },
    images: [
      { ...image, statement: STATEMENT },
      { ...image, statement: restricted },
    ],
  })
  assert.ok(err.includes(`statement ${url}/statements/sor_1#secret\n`), err)
  assert.ok(err.includes(`statement ${url}/v1/statements/sor_2\n`), err)
})

test('what is said of sampling is ordered as the API has it, so that an order of the API can be repeated', async () => {
  const ended = { id: 'req_1', state: 'refused', failure: null, progress, statement: STATEMENT, images: [] }
  const said = ['--steps', '12', '--guidance-scale', '5.5', '--guidance-rescale', '0', '--true-guidance-scale', '2']
  const { steps, guidance_scale, guidance_rescale, true_guidance_scale } = JSON.parse(
    (await generate(ended, ...said, '--seed', '7')).ordered,
  )
  assert.deepEqual([steps, guidance_scale, guidance_rescale, true_guidance_scale], [12, 5.5, 0, 2])
  const options = ['use_karras_sigmas=true', 'solver_order=3', 'algorithm_type=sde-dpmsolver++']
  const changed = await generate(ended, ...options.flatMap((option) => ['--scheduler-option', option]))
  assert.deepEqual(JSON.parse(changed.ordered).scheduler_options, {
    ...{ use_karras_sigmas: true, solver_order: 3, algorithm_type: 'sde-dpmsolver++' },
  })
  const silent = JSON.parse((await generate(ended)).ordered)
  assert.deepEqual(Object.keys(silent).sort(), ['n', 'output_format', 'prompt'])
  for (const [option, value] of [
    ['--steps', '1.5'],
    ['--guidance-scale', 'much'],
    ['--scheduler-option', 'karras'],
  ] as const) {
    const { err, ordered } = await generate(ended, option, value)
    assert.ok(err.includes(option) && err.includes('[invalid_request]') && ordered === '', err)
  }
})

test('a visible label is asked for where it is said, and not otherwise', async () => {
  const ended = { id: 'req_1', state: 'refused', failure: null, progress, statement: STATEMENT, images: [] }
  assert.equal(JSON.parse((await generate(ended, '--label')).ordered).label, true)
  assert.equal('label' in JSON.parse((await generate(ended)).ordered), false)
})
