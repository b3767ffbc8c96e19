// Receipts as they are answered: a log proof as text, or its parts as JSON.
import { Type } from '@fastify/type-provider-typebox'
import { strict } from './validation.ts'

export const ReceiptQuery = Type.Object(
  {
    format: Type.Optional(
      Type.Union([Type.Literal('text'), Type.Literal('json')], {
        default: 'text',
        description: '`text` is one file that others’ tools read; `json` its parts.',
      }),
    ),
  },
  strict,
)

const ReceiptSchema = Type.Object(
  {
    object: Type.Literal('receipt'),
    row: Type.Unknown({
      description: '`{entry, index, opened}`; `opened` is null where its facts are not the reader’s to see.',
    }),
    proof: Type.Array(Type.String(), { description: 'The inclusion proof (RFC 6962), hashes in base64.' }),
    checkpoint: Type.String({ description: 'The signed note that the proof leads to.' }),
    key: Type.String({ description: 'The log’s verifier key, on its own word: compare it with one from elsewhere.' }),
  },
  strict,
)

/** The body by the format that was asked for. */
export const ReceiptAnswer = {
  description: 'A proof that the leaf is in the log, under a signed checkpoint.',
  content: {
    'text/plain': {
      schema: Type.Unsafe<string | object>(
        Type.String({ description: 'A c2sp.org/tlog-proof@v1; its extra data are the row in canonical JSON.' }),
      ),
    },
    'application/json': { schema: ReceiptSchema },
  },
}
