// Archives whose tar is wrong in one byte or one place, and such as this checker does not read, with the lines that it must say of each.

import { archiveFiles, archiveOf, PLAN } from './archive.ts'
import { headerOf, tarOf } from './tar.ts'
import type { WrongCase } from './wrong-rows.ts'

const files = archiveFiles(PLAN)
const whole = tarOf(files)
/** Where the header of a file begins. */
const startOf = (name: string): number => whole.indexOf(`${name}\0`)
const sizeOf = (name: string): number => files.get(name)?.length ?? 0
const wrongTar = (name: string, made: Buffer, ...lines: string[]): WrongCase => ({
  name,
  bytes: made,
  lines: lines.map((line) => `wrong: ${line}`),
})
const withByte = (at: number, byte: number): Buffer => {
  const made = Buffer.from(whole)
  made[at] = byte
  return made
}
const withSize = (name: string, bytes: Buffer): Buffer => {
  const made = Buffer.from(whole)
  bytes.copy(made, startOf(name) + 124)
  return made
}
const rowsAt = startOf('rows.jsonl') + 512
const swapped = new Map([...files].toSorted(([a], [b]) => (b > a ? -1 : 1)))
const unlisted = new Map([...files, ['rows.csv', Buffer.from('index')]])
const padding = startOf('manifest.note') + 512 + sizeOf('manifest.note')

const tars: WrongCase[] = [
  wrongTar(
    'the archive ends in the rows',
    whole.subarray(0, rowsAt + 1000),
    `rows.jsonl is cut off: the archive ends after 1000 of its ${sizeOf('rows.jsonl')} bytes`,
  ),
  wrongTar(
    'the archive ends in a header',
    whole.subarray(0, rowsAt - 100),
    'the archive ends where the header of rows.jsonl should be',
  ),
  wrongTar(
    'the archive ends in a padding',
    whole.subarray(0, padding + 9),
    `the padding of manifest.note is cut off: the archive ends after ${padding + 9} bytes`,
  ),
  wrongTar(
    'the archive has half an end',
    whole.subarray(0, -512),
    `the end of the archive is cut off: the archive ends after ${whole.length - 512} bytes`,
  ),
  wrongTar(
    'something follows the archive',
    Buffer.concat([whole, Buffer.alloc(1)]),
    `the archive has bytes after its end at ${whole.length}`,
  ),
  wrongTar(
    'the archive’s end is not empty',
    withByte(whole.length - 3, 1),
    `the end of the archive has at byte ${whole.length - 3} of the archive something else than zeros`,
  ),
  wrongTar(
    'a padding is not empty',
    withByte(padding + 1, 1),
    `the padding of manifest.note has at byte ${padding + 1} of the archive something else than zeros`,
  ),
  ...[100, 108, 140, 150, 156, 200, 263, 270, 330, 400, 511].map((at) => {
    const byte = whole[rowsAt - 512 + at] ?? 0
    const [found, right] = [byte ^ 1, byte].map((each) => `0x${each.toString(16).padStart(2, '0')}`)
    const line = `the header of rows.jsonl has ${found} at byte ${rowsAt - 512 + at} of the archive, expected ${right}`
    return wrongTar(`byte ${at} of a header is wrong`, withByte(rowsAt - 512 + at, byte ^ 1), line)
  }),
  wrongTar('a header has no size', withSize('rows.jsonl', Buffer.from('9')), 'the header of rows.jsonl has no size'),
  wrongTar(
    'a size is beyond 2^53',
    withSize('rows.jsonl', Buffer.from('8000000000ffffffffffffff', 'hex')),
    'the header of rows.jsonl has no size',
  ),
  wrongTar(
    'the files are in another order',
    tarOf(swapped),
    'the archive has "checkpoint.note" where manifest.json should be',
  ),
  wrongTar(
    'a file is not listed',
    tarOf(unlisted),
    `the end of the archive has at byte ${whole.length - 1024} of the archive something else than zeros`,
  ),
  wrongTar(
    'a file twice',
    Buffer.concat([whole.subarray(0, startOf('proofs.json')), whole.subarray(startOf('start.note'))]),
    'the archive has "start.note" where proofs.json should be',
  ),
  wrongTar(
    'a file of another size than is listed',
    tarOf(new Map([...files, ['rows.jsonl', Buffer.concat([files.get('rows.jsonl') ?? whole, Buffer.from('{}\n')])]])),
    'rows.jsonl line 36: entry is missing',
    `rows.jsonl: has ${sizeOf('rows.jsonl') + 3} bytes, and the manifest says ${sizeOf('rows.jsonl')}`,
    'rows.jsonl: has 36 lines, and the range has 35 leaves',
  ),
]

const unchecked = (name: string, made: Buffer, line: string): WrongCase => ({
  name,
  bytes: made,
  code: 2,
  lines: [`not checked: ${line}`],
})
const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`
const uncheckable: WrongCase[] = [
  unchecked('nothing', Buffer.alloc(0), 'the file is not a tar of an export'),
  unchecked('another tar’s worth of zeros', Buffer.alloc(10_240), 'the file is not a tar of an export'),
  unchecked(
    'another format',
    archiveOf(PLAN, { manifest: () => ({ format: 'darkroom.audit-export/v2' }) }),
    'manifest.json: its format "darkroom.audit-export/v2" is not known to this checker, which knows darkroom.audit-export/v1',
  ),
  unchecked(
    'deep nesting in the manifest',
    archiveOf(PLAN, { manifestText: () => deep }),
    'manifest.json: is nested deeper than the 64 levels that this checker reads',
  ),
  unchecked(
    'some nesting in the manifest',
    archiveOf(PLAN, { manifestText: () => `${'['.repeat(70)}${']'.repeat(70)}` }),
    'manifest.json: is nested deeper than the 64 levels that this checker reads',
  ),
  unchecked(
    'a manifest of many lists',
    archiveOf(PLAN, { manifestText: () => `[${'[],'.repeat(50_000)}[]]` }),
    'manifest.json: has more than the 50000 fields and lists that this checker reads',
  ),
  unchecked(
    'a row of many fields',
    archiveOf(PLAN, { lines: () => [`{${'"a":0,'.repeat(50_000)}"a":0}\n`] }),
    'rows.jsonl line 1: has more than the 50000 fields and lists that this checker reads',
  ),
  unchecked(
    'deep nesting in a row',
    archiveOf(PLAN, { lines: () => [deep, '\n'] }),
    'rows.jsonl line 1: is nested deeper than the 64 levels that this checker reads',
  ),
  unchecked(
    'a manifest of 10 MB',
    Buffer.concat([headerOf('manifest.json', 10 ** 7), Buffer.alloc(10 ** 6)]),
    'manifest.json has 10000000 bytes, and this checker reads 8388608 at most',
  ),
]

export const wrongTars = [...tars, ...uncheckable]
