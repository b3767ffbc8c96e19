import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Type } from '@fastify/type-provider-typebox'
import { openaiErrorBody } from '../../src/http/openai-errors.ts'
import { problemBody, problemOf } from '../../src/http/problems.ts'
import { validationFault, validatorCompiler } from '../../src/http/validation.ts'
import { Fault } from '../../src/kernel/fault.ts'

const limits = { bodyBytes: 1000 }

test('a caller’s mistake is told in full, with its field', () => {
  const problem = problemOf(new Fault('invalid_request', { field: 'size', detail: 'no such size' }), limits)
  assert.deepEqual(problemBody(problem, 'http_1'), {
    type: 'urn:darkroom:problem:invalid_request',
    title: 'The request is not valid',
    status: 400,
    detail: 'no such size',
    code: 'invalid_request',
    field: 'size',
    instance: 'http_1',
  })
  assert.deepEqual(openaiErrorBody(problem), {
    error: { message: 'no such size', type: 'invalid_request_error', param: 'size', code: 'invalid_value' },
  })
})

test('a failure of ours says its code and nothing of its inside', () => {
  const fault = new Fault('object_mismatch', { field: '/secret/path', detail: '/secret/path is damaged' })
  const text = JSON.stringify([problemBody(problemOf(fault, limits), 'x'), openaiErrorBody(problemOf(fault, limits))])
  assert.ok(!text.includes('secret'))
  const unknown = JSON.stringify(problemBody(problemOf(new Error('password=1'), limits), 'x'))
  assert.ok(!unknown.includes('password'))
  assert.equal(problemOf('thrown text', limits).status, 500)
})

test('an OpenAI error always has its four keys', () => {
  for (const error of [new Fault('database_failed'), new Error('x'), new Fault('not_found')])
    assert.deepEqual(Object.keys(openaiErrorBody(problemOf(error, limits)).error).sort(), [
      'code',
      'message',
      'param',
      'type',
    ])
})

test('too large a body names the limit', () => {
  const error = Object.assign(new Error(), { code: 'FST_ERR_CTP_BODY_TOO_LARGE', statusCode: 413 })
  const problem = problemOf(error, limits)
  assert.equal(problem.status, 413)
  assert.match(problem.detail, /1000 bytes/)
})

test('a wrong value in a nested place is named by its path', () => {
  const at = {
    keyword: 'type',
    instancePath: '/a/0/b',
    schemaPath: '',
    params: { type: 'integer' },
    message: 'must be integer',
  }
  const fault = validationFault([at], 'body')
  assert.equal(fault.field, 'a.0.b')
  assert.match(fault.message, /a\.0\.b must be integer/)
})

test('what a schema found is said in plain words', () => {
  const said = (keyword: string, params: Record<string, unknown>) =>
    validationFault([{ keyword, instancePath: '/text', schemaPath: '', params, message: 'must NOT' }], 'body').message
  assert.equal(said('type', { type: 'string' }), 'text must be text')
  assert.equal(said('minLength', { limit: 1 }), 'text must not be empty')
  assert.equal(said('maxLength', { limit: 100 }), 'text may have 100 characters at most')
  assert.equal(said('maximum', { limit: 100 }), 'text must be 100 or less')
  assert.equal(said('pattern', {}), 'text must NOT')
})

test('what must have a form is told in the schema’s own words, and never as a pattern', () => {
  const languages = Type.Array(Type.String({ pattern: '^[a-z]{2,3}$', description: 'Small letters, such as de.' }))
  const schema = Type.Object({ names: Type.Optional(Type.Union([languages, Type.Null()])) })
  const { error } = Object(validatorCompiler({ schema, method: 'POST', url: '/', httpPart: 'body' })({ names: ['D'] }))
  const fault = validationFault(error, 'body')
  assert.match(fault.message, /^each of names must be small letters, such as de$/)
})
