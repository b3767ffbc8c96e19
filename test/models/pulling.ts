// What the tests of pulls share: the tiny model as a hub's repository, and refusals by their code and place.
import assert from 'node:assert/strict'
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { ModelError, type ModelErrorCode } from '../../models/runtime/error.ts'
import { TINY_SD } from './tiny.ts'

export const REPO = 'someone/Tiny-SD'
export const UNET = 'unet/model.onnx'
export const CARD = '---\nlicense: openrail\ntags:\n- onnx\n---\n# A tiny model\n'
export const TERMS = 'You may draw small pictures.\n'

export const refusal =
  (code: ModelErrorCode, where: { file?: RegExp; field?: string; message?: RegExp } = {}) =>
  (error: unknown) => {
    assert.ok(error instanceof ModelError, String(error))
    assert.equal(error.code, code, error.message)
    if (where.field !== undefined) assert.equal(error.field, where.field, error.message)
    if (where.file !== undefined) assert.match(error.file ?? '', where.file)
    if (where.message !== undefined) assert.match(error.message, where.message)
    return true
  }

/** The tiny model as somebody would have published it, with things beside it that no pack takes. */
export async function published(changes: Record<string, Buffer | string | null> = {}): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>()
  for (const entry of await readdir(TINY_SD, { recursive: true, withFileTypes: true })) {
    const file = join(entry.parentPath, entry.name)
    if (entry.isFile() && entry.name !== 'pack.json') files.set(file.slice(TINY_SD.length + 1), await readFile(file))
  }
  const extra = {
    'README.md': CARD,
    LICENSE: TERMS,
    'pack.json': '{}',
    'unet/model.py': 'import os',
    '.gitattributes': '',
  }
  for (const [path, body] of Object.entries({ ...extra, 'unet/weights.bin': 'torch', 'notes.txt': '', ...changes }))
    if (body === null) files.delete(path)
    else files.set(path, Buffer.from(body))
  return files
}

/** Bytes of the one file that a pull of the tiny model was at when it ended. */
export async function partSize(packsDir: string): Promise<number> {
  const parts = join(packsDir, '.pulling/tiny-sd/parts')
  const [part, ...more] = await readdir(parts)
  assert.ok(part !== undefined && more.length === 0)
  return (await stat(join(parts, part))).size
}
