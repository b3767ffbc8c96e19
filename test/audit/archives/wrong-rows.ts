// Archives that are wrong in one thing about their rows, and the lines that a checker must say of each. Line n of the rows is leaf n + 4.

import { archiveOf, type Edits, PLAN, type Plan, type Row } from './archive.ts'
import { type Entry, logOf, someMoves, timeOf } from './moves.ts'

export interface WrongCase {
  name: string
  bytes: Buffer
  /** What follows the archive on the command line, where it is not the log's key. */
  args?: string[]
  lines: string[]
  /** The exit code, where it is not 1. */
  code?: number
}

const planOf = (changes: Partial<Plan>): Plan => ({ ...PLAN, ...changes })
export const wrongOne = (name: string, edits: Edits, lines: string[], plan: Partial<Plan> = {}): WrongCase => ({
  name,
  bytes: archiveOf(planOf(plan), edits),
  lines: lines.map((line) => `wrong: ${line}`),
})

/** Changes the row of one leaf. */
const atRow = (index: number, change: (row: Row) => Partial<Row>): Edits => ({
  rows: (rows) => rows.map((row) => (row.index === index ? { ...row, ...change(row) } : row)),
})
/** Changes the text of one leaf's line. */
const atLine = (index: number, from: string, to: string): Edits => ({
  lines: (lines) => lines.map((line, i) => (i === index - 5 ? line.replace(from, () => to) : line)),
})
/** A log whose entry at `index` is otherwise; the tree and everything after it follow. */
const withEntry = (index: number, change: (entry: Entry) => Partial<Entry>): Partial<Plan> => ({
  log: logOf(someMoves(52), (entry, i) => (i === index ? { ...entry, ...change(entry) } : entry)),
})

const notLeading = 'rows.jsonl: the rows and proofs.json do not lead to the root of checkpoint.note'
const unknown =
  'rows.jsonl: whether the rows lead to checkpoint.note cannot be told, since not all of them could be read'
/** A line that cannot be read: what follows from all of them together is then unknown. */
const unread = (name: string, edits: Edits, line: number, words: string): WrongCase =>
  wrongOne(name, edits, [`rows.jsonl line ${line}: ${words}`, unknown])
const noLink = (line: number) =>
  `rows.jsonl line ${line}: previous is HEX, and the link of the tenant's row before is HEX`
const swap = <T>(list: readonly T[], at: number): T[] =>
  list.flatMap((item, i) => (i === at ? list.slice(at, at + 2).reverse() : i === at + 1 ? [] : [item]))

const order: WrongCase[] = [
  wrongOne('a row is missing', { rows: (rows) => rows.filter(({ index }) => index !== 10) }, [
    'rows.jsonl line 6: has index 11, expected 10',
    'rows.jsonl line 6: sequence 8 follows 6 of the same tenant, expected 7',
    'rows.jsonl: has 34 lines, and the range has 35 leaves',
  ]),
  wrongOne('two rows are the other way round', { rows: (rows) => swap(rows, 5) }, [
    'rows.jsonl line 6: has index 11, expected 10',
    'rows.jsonl line 6: sequence 8 follows 6 of the same tenant, expected 7',
    'rows.jsonl line 7: has index 10, expected 12',
    'rows.jsonl line 7: sequence 7 follows 8 of the same tenant, expected 9',
    'rows.jsonl line 8: has index 12, expected 11',
    'rows.jsonl line 9: sequence 9 follows 7 of the same tenant, expected 8',
    notLeading,
  ]),
  wrongOne(
    'two rows of different tenants are the other way round, under each other’s index',
    { rows: (rows) => swap(rows, 6).map((row, i) => ({ ...row, index: 5 + i })) },
    [notLeading],
  ),
  wrongOne(
    'an index is repeated',
    atRow(30, () => ({ index: 29 })),
    ['rows.jsonl line 26: has index 29, expected 30', 'rows.jsonl line 27: has index 31, expected 30'],
  ),
  wrongOne(
    'a sequence has a gap',
    {},
    ['rows.jsonl line 11: sequence 12 follows 5 of the same tenant, expected 6'],
    withEntry(15, () => ({ sequence: '12' })),
  ),
  wrongOne(
    'a link is broken',
    {},
    [noLink(11)],
    withEntry(15, () => ({ previous: 'ab'.repeat(32) })),
  ),
  wrongOne(
    'a link of an older move is broken',
    {},
    ['rows.jsonl line 4: what is opened does not make the leaf of its entry', noLink(4)].reverse(),
    withEntry(8, () => ({ previous: 'ab'.repeat(32) })),
  ),
  wrongOne(
    'a tenant’s first move in the log is not its first',
    {},
    ["rows.jsonl line 1: sequence 2 is this tenant's first in the log, expected 1"],
    { ...withEntry(0, () => ({ sequence: '2' })), first: 0, start: undefined },
  ),
  wrongOne(
    'a first move has one before it',
    {},
    ['rows.jsonl line 1: previous is HEX at sequence 1, expected 64 zeros'],
    { ...withEntry(0, () => ({ previous: 'ab'.repeat(32) })), first: 0, start: undefined },
  ),
]

const opening: WrongCase[] = [
  wrongOne(
    'a row that matches is closed',
    atRow(15, () => ({ opened: null })),
    ['rows.jsonl line 11: index 15 matches the query, and is neither opened nor withheld'],
  ),
  wrongOne(
    'a row that does not match is opened',
    atRow(38, () => ({ opened: PLAN.log[38]?.opened ?? null })),
    ['rows.jsonl line 34: index 38 is opened, and does not match the query'],
  ),
  wrongOne(
    'a row of another subject is opened',
    atRow(15, () => ({ opened: PLAN.log[15]?.opened ?? null })),
    ['rows.jsonl line 11: index 15 is opened, and its id is not the subject of the query'],
    { query: { ...PLAN.query, subject: 'img_2' }, withheld: [] },
  ),
  wrongOne(
    'a withheld row is opened',
    atRow(23, () => ({ opened: PLAN.log[23]?.opened ?? null })),
    ['rows.jsonl line 19: index 23 is withheld, and is opened'],
  ),
  wrongOne(
    'a withheld row does not match',
    {},
    ['rows.jsonl line 33: index 37 is withheld, and does not match the query'],
    { withheld: [23, 37] },
  ),
  wrongOne('another row is named as withheld', { manifest: () => ({ withheld: [24] }) }, [
    'rows.jsonl line 19: index 23 matches the query, and is neither opened nor withheld',
    'rows.jsonl line 20: index 24 is withheld, and is opened',
  ]),
  wrongOne(
    'a salt is wrong',
    atRow(15, ({ opened }) => ({ opened: opened && { ...opened, salt: '00'.repeat(32) } })),
    ['rows.jsonl line 11: what is opened does not make the body of its entry'],
  ),
  wrongOne(
    'a move is told otherwise',
    atRow(15, ({ opened }) => ({ opened: opened && { ...opened, to: 'lost' } })),
    ['rows.jsonl line 11: what is opened does not make the body of its entry'],
  ),
  wrongOne(
    'an older move is told otherwise',
    atRow(9, ({ opened }) => ({ opened: opened && { ...opened, to: 'lost' } })),
    ['rows.jsonl line 5: what is opened does not make the leaf of its entry'],
  ),
  wrongOne(
    'an entry’s kind is not its move’s',
    {},
    ['rows.jsonl line 11: is opened as "image.marked", and its entry says "image.lost"'],
    withEntry(15, () => ({ kind: 'image.lost' })),
  ),
]

const spelling: WrongCase[] = [
  wrongOne('a line has a space more', atLine(15, ',"index"', ', "index"'), [
    'rows.jsonl line 11: is not canonical JSON',
  ]),
  wrongOne('a key stands there twice', atLine(15, '"index":15', '"index":14,"index":15'), [
    'rows.jsonl line 11: is not canonical JSON',
  ]),
  wrongOne('a negative zero', atLine(16, '"score":2', '"score":-0'), [
    'rows.jsonl line 12: is not canonical JSON',
    'rows.jsonl line 12: what is opened does not make the body of its entry',
  ]),
  unread(
    'a number beyond all numbers',
    atLine(16, '"score":2', '"score":1e400'),
    12,
    'has a number that is out of range',
  ),
  unread(
    'a lone surrogate',
    atLine(16, '"note":null', '"note":"\\ud800"'),
    12,
    'has a lone surrogate, which canonical JSON does not know',
  ),
  unread(
    'a key that is a prototype’s',
    atLine(15, '"index":15', '"__proto__":{},"index":15'),
    11,
    '"__proto__" is not a field of this format',
  ),
  unread(
    'a sequence that is no number',
    atLine(15, '"sequence":"6"', '"sequence":"06"'),
    11,
    'entry.sequence must be decimal digits in a string, and is "06"',
  ),
  unread('a version that is not known', atLine(15, '"v":2}', '"v":3}'), 11, 'entry.v must be 1 or 2, and is 3'),
  unread(
    'a day that is not',
    atLine(39, timeOf(39), '2026-02-30T12:39:00.000Z'),
    35,
    'entry.at must be a time in UTC with milliseconds, and is "2026-02-30T12:39:00.000Z"',
  ),
  unread(
    'a line that is not UTF-8',
    {
      encoding: 'latin1',
      lines: (lines) => lines.map((line) => Buffer.from(line).toString('latin1')).with(34, '\xff\n'),
    },
    35,
    'is not UTF-8',
  ),
  unread(
    'a row that is opened with a word',
    atLine(39, '"opened":null', '"opened":"no"'),
    35,
    'opened must be an object or null, and is "no"',
  ),
  unread(
    'an older row with a salt',
    atLine(9, '"salt":null', `"salt":"${'0'.repeat(64)}"`),
    5,
    `opened.salt must be null where v is 1, and is "HEX"`,
  ),
  unread('a line that is not JSON', { lines: (lines) => [...lines.slice(0, -1), 'nothing\n'] }, 35, 'is not JSON'),
  wrongOne('the last line has no end', { lines: (lines) => [...lines.slice(0, -1), lines.at(-1)?.trim() ?? ''] }, [
    'rows.jsonl: its last line has no newline',
    'rows.jsonl: has 34 lines, and the range has 35 leaves',
  ]),
  wrongOne(
    'an entry that is too long',
    {},
    ['rows.jsonl line 34: its entry has 70234 bytes, and 65535 is the most'],
    withEntry(38, () => ({ kind: 'x'.repeat(70_000) })),
  ),
]

export const wrongRows = [...order, ...opening, ...spelling]
