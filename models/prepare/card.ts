// What a prepared pack says of itself: its manifest, with the digest of the pack that it was made from, and a section of its card.
import { open, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { adoptFolder } from '../runtime/adopt.ts'
import { ModelError } from '../runtime/error.ts'
import { parseJson } from '../runtime/fields.ts'
import type { PackFile } from '../runtime/manifest.ts'
import { MANIFEST, packFileIf } from '../runtime/pack.ts'
import { RUNTIME } from '../runtime/sessions.ts'
import type { ModelPack } from './find.ts'
import type { Measured, Prepared } from './prepare.ts'

/** Writes <work>/pack.json: the old one's fields, whose files, id and origin are the new pack's own. */
export async function writeManifest(
  pack: ModelPack,
  work: string,
  id: string,
  changes: readonly string[],
  files: readonly PackFile[],
): Promise<void> {
  const text = pack.adopted ? await adoptFolder(pack.dir) : await readFile(join(pack.dir, MANIFEST), 'utf8')
  const source = parseJson(text, join(pack.dir, MANIFEST))
  if (typeof source !== 'object' || source === null)
    throw new ModelError('pack_corrupt', `${join(pack.dir, MANIFEST)}: expected an object`, { file: pack.dir })
  const manifest = {
    ...source,
    id,
    prepared: { from: pack.manifest.id, digest: pack.digest, changes },
    files: files.map(({ path, sha256, sizeBytes }) => ({ path, sha256, size_bytes: sizeBytes })),
  }
  await using writing = await open(join(work, MANIFEST), 'w')
  await writing.writeFile(`${JSON.stringify(manifest, null, 1)}\n`)
  await writing.sync()
}

/** Adds to the card what was done and what it cost; a pack without a card gets one. */
export async function writeCard(
  pack: ModelPack,
  work: string,
  id: string,
  { changes, apart, cost }: Omit<Prepared, 'dir'>,
): Promise<void> {
  const { manifest, digest } = pack
  const card =
    packFileIf(pack, manifest.card) === null ? `# ${id}\n` : await readFile(join(work, manifest.card), 'utf8')
  const lines = [
    `## Prepared: ${id}`,
    '',
    `Made from ${manifest.id} ${manifest.version} (pack.json sha256 ${digest}) by \`darkroom models prepare\` on ${RUNTIME}:`,
    '',
    ...changes.map((change) => `- ${change}`),
    ...(apart === null ? [] : ['', sayApart(apart)]),
    ...(cost === null ? [] : ['', ...costLines(cost)]),
  ]
  await writeFile(join(work, manifest.card), `${card.trimEnd()}\n\n${lines.join('\n')}\n`)
}

export function sayApart(apart: number): string {
  const how = apart === 0 ? 'to the last bit' : `within ${apart.toExponential(1)} deviations`
  return `It draws what the other draws, ${how}: samples at one timestep, and at different ones in one run.`
}

/** A table in Markdown, which a terminal can read as well. */
export function costLines({ prompts, steps, latents, pixels, psnrDb, stepMs, bytes }: Measured): string[] {
  const share = stepMs.after / stepMs.before
  return [
    `Measured over ${prompts.length} pictures of ${steps} steps, a step of one after a step of the other:`,
    '',
    '| | before | after |',
    '|---|---|---|',
    `| milliseconds a step (median) | ${stepMs.before.toFixed(2)} | ${stepMs.after.toFixed(2)} (${share.toFixed(2)}×) |`,
    `| megabytes | ${(bytes.before / 1e6).toFixed(1)} | ${(bytes.after / 1e6).toFixed(1)} |`,
    `| latents apart, in deviations | | ${latents.toFixed(4)} |`,
    `| colours apart, of 255 | | ${pixels.toFixed(2)} |`,
    `| PSNR, dB | | ${psnrDb === null ? 'equal' : psnrDb.toFixed(1)} |`,
    '',
    'Products in int8 scale their input by the whole batch, so each sample is drawn alone, whatever waits beside it.',
  ]
}
