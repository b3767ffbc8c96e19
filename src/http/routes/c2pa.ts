// The C2PA Soft Binding Resolution API, version 1.1: from a mark in the pixels, or from a picture, to the manifest that it lost. Only
// manifests of published images are found; what is found is a candidate, which the reader compares with the picture.
import { Readable } from 'node:stream'
import { type Static, Type } from '@fastify/type-provider-typebox'
import { Fault } from '../../kernel/fault.ts'
import { readBinding } from '../../mark/binding.ts'
import { manifestStoreOf } from '../../mark/manifest-store.ts'
import { readTrustmarkValue, trustmarkAlgorithm } from '../../mark/trustmark-binding.ts'
import { MARK_ALGORITHM, MARK_ALGORITHMS } from '../../mark/watermark/algorithm.ts'
import {
  availableManifests,
  manifestsOfMark,
  manifestsOfTrustmark,
  releasedManifest,
} from '../../publish/released-manifests.ts'
import type { App } from '../app.ts'
import type { RouteDeps } from '../deps.ts'
import { problems } from '../schemas.ts'
import { answerPublic, largestBody } from '../strangers-picture.ts'
import { strict, validatorCompiler } from '../validation.ts'

const Algorithm = Type.String({ minLength: 1, maxLength: 200, description: `Such as ${MARK_ALGORITHM}.` })
const Value = Type.String({
  minLength: 1,
  maxLength: 400,
  description: 'The value of a c2pa.soft-binding assertion, as it stands there or in base64.',
})
const maxResults = Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 }))
const Binding = Type.Object({ alg: Algorithm, value: Value }, strict)
const BindingQuery = Type.Object({ ...Binding.properties, maxResults }, strict)
const MostQuery = Type.Object({ maxResults }, strict)
const ContentQuery = Type.Object(
  {
    alg: Type.Optional(Algorithm),
    maxResults,
    hintAlg: Type.Optional(Type.String({ maxLength: 200, description: 'Taken and not needed.' })),
    hintValue: Type.Optional(Type.String({ maxLength: 400, description: 'Taken and not needed.' })),
  },
  strict,
)
const Matches = Type.Object({ matches: Type.Array(Type.Object({ manifestId: Type.String() })) })
const Algorithms = Type.Object({
  watermarks: Type.Array(Type.Object({ alg: Type.String() })),
  fingerprints: Type.Array(Type.Object({ alg: Type.String() })),
})
const ManifestParams = Type.Object({ id: Type.String({ minLength: 1, maxLength: 300 }) }, strict)
const Binary = Type.Unsafe<Buffer>(Type.String({ format: 'binary' }))
const PICTURES = /^(image\/[\w.+-]+|application\/octet-stream)\b/

const config = { access: 'public', limit: 'public' } as const
const common = { tags: ['c2pa'], security: [] }

export function c2paRoutes(app: App, { ground, publicCheck }: RouteDeps): void {
  const { sql } = ground.database
  const trustmark = ground.config.trustmark === null ? null : trustmarkAlgorithm(ground.config.trustmark.variant)
  const algorithms = trustmark === null ? MARK_ALGORITHMS : [...MARK_ALGORITHMS, trustmark]
  const byBinding = async ({ alg, value }: Static<typeof Binding>, most: number | undefined) => {
    requireOneOf(algorithms, alg)
    if (alg === trustmark) {
      const markId = readTrustmarkValue(value)
      if (markId === null) throw notOf(alg)
      return matches(await manifestsOfTrustmark(sql, markId, alg), most)
    }
    const binding = readBinding(value)
    if (binding === null) throw notOf(alg)
    return matches(await manifestsOfMark(sql, binding.markId, binding.epoch), most)
  }

  app.get(
    '/c2pa/matches/byBinding',
    {
      config,
      schema: {
        ...common,
        summary: 'Manifests by a soft binding',
        querystring: BindingQuery,
        response: { 200: Matches, ...problems(400, 503) },
      },
    },
    async ({ query }, reply) => reply.send(await byBinding(query, query.maxResults)),
  )

  app.post(
    '/c2pa/matches/byBinding',
    {
      config,
      schema: {
        ...common,
        summary: 'Manifests by a soft binding that is too large for an address',
        querystring: MostQuery,
        body: Binding,
        response: { 200: Matches, ...problems(400, 413, 415, 503) },
      },
    },
    async ({ body, query }, reply) => reply.send(await byBinding(body, query.maxResults)),
  )

  app.get(
    '/c2pa/manifests/:id',
    {
      config,
      schema: {
        ...common,
        summary: 'The manifest store of a published image',
        params: ManifestParams,
        response: {
          200: { description: 'The manifest store.', content: { 'application/c2pa': { schema: Binary } } },
          ...problems(400, 404, 503),
        },
      },
    },
    async ({ params }, reply) => {
      const store = await releasedManifest(ground, params.id, manifestStoreOf)
      return reply.type('application/c2pa').send(store)
    },
  )

  app.get(
    '/c2pa/services/supportedAlgorithms',
    { config, schema: { ...common, summary: 'Soft bindings that are resolved here', response: { 200: Algorithms } } },
    async (_request, reply) => reply.send({ watermarks: algorithms.map((alg) => ({ alg })), fingerprints: [] }),
  )

  app.register(async (scope: App) => {
    // Unread until the request has a place.
    scope.addContentTypeParser(PICTURES, (_request, payload, done) => done(null, payload))
    scope.post(
      '/c2pa/matches/byContent',
      {
        config,
        bodyLimit: largestBody(ground.config),
        schema: {
          ...common,
          summary: 'Manifests by a picture',
          description: 'Only where the public check would say that the picture is ours. Nothing of it is kept.',
          querystring: ContentQuery,
          body: { content: { 'image/*': { schema: Binary }, 'application/octet-stream': { schema: Binary } } },
          response: { 200: Matches, ...problems(400, 413, 415, 503) },
        },
        validatorCompiler: (route) => (route.httpPart === 'body' ? () => true : validatorCompiler(route)),
      },
      async (request, reply) => {
        const { alg, maxResults: most } = request.query
        if (alg !== undefined) requireOneOf(algorithms, alg)
        if (!(request.body instanceof Readable))
          throw new Fault('unsupported_media', { field: 'content-type', detail: 'send the picture itself, as image/*' })
        const { manifestId } = await answerPublic(publicCheck, ground, request, 'soft_binding')
        return reply.send(matches(manifestId === null ? [] : await availableManifests(sql, [manifestId]), most))
      },
    )
  })
}

function notOf(alg: string): Fault {
  return new Fault('invalid_request', { field: 'value', detail: `value is not one of ${alg}` })
}

function requireOneOf(algorithms: readonly string[], alg: string): void {
  if (!algorithms.includes(alg))
    throw new Fault('invalid_request', {
      field: 'alg',
      detail: 'this algorithm is not resolved here; GET /c2pa/services/supportedAlgorithms lists those that are',
    })
}

function matches(ids: readonly string[], most = 10): Static<typeof Matches> {
  return { matches: ids.slice(0, most).map((manifestId) => ({ manifestId })) }
}
