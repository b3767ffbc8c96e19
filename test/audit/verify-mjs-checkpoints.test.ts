// verify.mjs and a checkpoint that somebody kept: it is held against the rows of a right archive, whatever its size is, and a split view shows.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { verifyExport } from '../../src/audit/verify.mjs'
import { archiveOf, PLAN, type Proofs, rootAt, SIGNER } from './archives/archive.ts'
import { command, fileOf, folder, linesOf, type Run } from './archives/checker.ts'
import { checkpointOf, signerOf } from './archives/notes.ts'
import { STRANGER } from './archives/wrong-files.ts'

const verify = (bytes: Buffer, ...args: string[]): Promise<Run> => command(fileOf(bytes), '--key', SIGNER.text, ...args)
const kept = (size: number, root = rootAt(PLAN.log, size)): string => fileOf(checkpointOf(SIGNER, size, root))
const textOf = (size: number): string => `${SIGNER.origin}\n${size}\n${rootAt(PLAN.log, size).toString('base64')}\n`
const outside = 'not held: checkpoint FILE: could not be held against the export: its size'
const held: [string, string, string[], number][] = [
  ['of the range’s beginning', kept(5), [], 0],
  ['of the midst of the range', kept(27), [], 0],
  ['of the range’s end', kept(40), [], 0],
  ['of the size of the earlier one', kept(3), [], 0],
  ['of the size of the export’s own', kept(52), [], 0],
  ['before the range', kept(4), [`${outside} 4 is not within the range, 5 to 40`], 4],
  ['after the range', kept(41), [`${outside} 41 is not within the range, 5 to 40`], 4],
  ...[3, 5, 27, 40, 52].map((size): [string, string, string[], number] => [
    `with another root for size ${size}`,
    kept(size, Buffer.alloc(32)),
    [
      `wrong: checkpoint FILE: split view: the log's key has signed two roots for size ${size}: kept ROOT, in this export ROOT`,
    ],
    1,
  ]),
  [
    'by a stranger',
    fileOf(checkpointOf(STRANGER, 27, rootAt(PLAN.log, 27))),
    ["wrong: checkpoint FILE: has no signature by the log's key"],
    1,
  ],
  [
    'of another log',
    fileOf(checkpointOf(signerOf('other.example/log', 'x'), 27, Buffer.alloc(32))),
    ['wrong: checkpoint FILE: is of another log: "other.example/log", expected "darkroom.example/log"'],
    1,
  ],
  ['with a line more that is not read', fileOf(SIGNER.note(`${textOf(27)}more\n`)), [], 0],
  [
    'whose size is spelled otherwise',
    fileOf(SIGNER.note(textOf(27).replace('27', '027'))),
    ['wrong: checkpoint FILE: is not a checkpoint: after the origin there must be a size and a root'],
    1,
  ],
  ['with a tab', fileOf(SIGNER.note(`${textOf(27)}\tmore\n`)), ['wrong: checkpoint FILE: is not a signed note'], 1],
  [
    'without its last newline',
    fileOf(SIGNER.note(textOf(27)).trimEnd()),
    ['wrong: checkpoint FILE: is not a signed note'],
    1,
  ],
  ['that is none', fileOf('hello\n'), ['wrong: checkpoint FILE: is not a signed note'], 1],
  ['that is not there', join(folder, 'none'), ['not checked: /none: there is no such file'], 2],
]
test('a checkpoint that was kept is held against the rows', async (t) => {
  const path = fileOf(archiveOf(PLAN))
  for (const [name, file, lines, code] of held) {
    await t.test(`a checkpoint ${name}`, () => {
      const report = verifyExport(path, { key: SIGNER.text, checkpoints: [file] })
      assert.deepEqual(linesOf(report), lines)
      assert.equal(report.code, code)
    })
  }
  const both = await verify(archiveOf(PLAN), '--checkpoint', kept(27), '--checkpoint', kept(30, Buffer.alloc(32)))
  assert.equal(both.code, 1)
  assert.match(both.stdout, /^checkpoint {6}\S+, size 27: same root$/m)
  assert.match(both.stdout, /^checkpoint {6}\S+, size 30: split view$/m)
  const newer = await verify(archiveOf(PLAN), '--checkpoint', kept(60), '--checkpoint', kept(27))
  assert.equal(newer.code, 4, 'as scripts go by it')
  const [headline, next] = newer.stdout.split('\n')
  assert.equal(headline, 'VERIFIED, but not against every checkpoint that was given: everything in the export holds.')
  assert.match(next ?? '', /^not held: checkpoint /)
  assert.match(newer.stdout, /^completeness {4}proven/m)
  const json = JSON.parse((await verify(archiveOf(PLAN), '--checkpoint', kept(60), '--json')).stdout)
  assert.deepEqual([json.verdict, json.exit, json.unchecked, json.unheld.length], ['not_held', 4, [], 1])
})

test('a cosigned checkpoint holds, and no history is called split by rows that lead nowhere', () => {
  const witnessed = `${checkpointOf(SIGNER, 27, rootAt(PLAN.log, 27))}— witness.example ${'A'.repeat(92)}\n`
  const right = verifyExport(fileOf(archiveOf(PLAN)), { checkpoints: [fileOf(witnessed)] })
  assert.equal(right.code, 0)
  const proofs = { proofs: (p: Proofs) => ({ ...p, range: p.range.toReversed() }) }
  const wrong = verifyExport(fileOf(archiveOf(PLAN, proofs)), { checkpoints: [kept(27)] })
  assert.deepEqual(linesOf(wrong), [
    'wrong: rows.jsonl: the rows and proofs.json do not lead to the root of checkpoint.note',
    'not checked: checkpoint FILE: could not be held against the export: the rows do not lead to checkpoint.note',
  ])
})
