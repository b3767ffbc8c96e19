// What a picture that compliance hands in leads to: read as the public check reads it, in the same places and with the same limits, and
// looked for among all records (audit/find.ts). Each way is as sure as its layer and no surer. Nothing of the picture is kept.
import type { FastifyRequest } from 'fastify'
import { type Asked, type Finding, find, type Sure } from '../audit/find.ts'
import type { Ground } from '../kernel/ground.ts'
import { CLOSE_BITS } from '../mark/fingerprint.ts'
import { findNear } from '../mark/near.ts'
import type { Verification } from '../mark/stranger.ts'
import { checkPicture, type PublicCheck } from './strangers-picture.ts'

const MOST_ALIKE = 5

export type FoundByPicture = Verification & { readonly findings: Finding[] }

/** Faults: those of checkPicture; database_failed. */
export async function findPicture(
  check: PublicCheck,
  { config, database: { sql } }: Pick<Ground, 'config' | 'database'>,
  request: FastifyRequest,
): Promise<FoundByPicture> {
  const verification = await checkPicture(check, config, request)
  const { likeness } = verification.traces
  const alike = likeness === null ? [] : await findNear(sql, likeness, CLOSE_BITS, MOST_ALIKE)
  const asked = [...askedBy(verification), ...alike.map(byLikeness)]
  return { ...verification, findings: await find(sql, asked) }
}

/** The surest first. */
function askedBy({ answer, traces }: Verification): Asked[] {
  const { file, pixels, manifest, mark, trustmark } = traces
  const asked: Asked[] = []
  if (file !== null)
    asked.push({
      lead: { by: 'file', value: file },
      way: { by: 'file', sure: 'exact', shows: 'The file is the one on record, each byte of it.', does_not_show: null },
    })
  if (pixels !== null)
    asked.push({
      lead: { by: 'pixels', value: pixels },
      way: {
        by: 'pixels',
        sure: 'exact',
        shows: 'The pixels are those on record, each of them.',
        does_not_show: 'Equal pixels say nothing of what the file around them claims.',
      },
    })
  if (manifest !== null)
    asked.push({
      lead: { by: 'manifest', value: manifest.id },
      way: { by: 'manifest', ...manifestWords(manifest.state === 'Trusted') },
    })
  if (mark !== null)
    asked.push({ lead: { by: 'mark', value: mark.id, epoch: mark.epoch }, way: { by: 'mark', ...markWords(answer) } })
  if (trustmark !== null)
    asked.push({
      lead: { by: 'trustmark', value: trustmark.id, algorithm: trustmark.algorithm },
      way: {
        by: 'trustmark',
        sure: 'low',
        shows: 'A second mark (TrustMark) was read, and its number is this image’s.',
        does_not_show: 'Anybody can write that mark.',
      },
    })
  return asked
}

function manifestWords(trusted: boolean): { sure: Sure; shows: string; does_not_show: string } {
  return trusted
    ? {
        sure: 'high',
        shows: 'The manifest in the file was signed here for this image, and fits the file.',
        does_not_show: 'A manifest says who signed, not that what the picture shows is true.',
      }
    : {
        sure: 'low',
        shows: 'The manifest in the file has the id of the one that was signed for this image, and does not hold here.',
        does_not_show: 'It can be copied beside other pixels, or forged.',
      }
}

function markWords({ watermark, fingerprint }: Verification['answer']): {
  sure: Sure
  shows: string
  does_not_show: string
} {
  const differs = fingerprint.match === 'far'
  const { confidence } = watermark
  return {
    sure: differs || confidence === 'none' ? 'low' : confidence,
    shows: `Our mark was read from the pixels, and its number is this image’s.${differs ? ' The picture does not look like it.' : ''}`,
    does_not_show: 'A mark can be copied onto another picture; alone it does not say that this picture is that one.',
  }
}

function byLikeness({ imageId, distance }: { imageId: string; distance: number }): Asked {
  return {
    lead: { by: 'likeness', value: imageId, bits: distance },
    way: {
      by: 'likeness',
      sure: 'low',
      shows: `The picture looks like this image: ${distance} of 256 bits of their fingerprints differ.`,
      does_not_show: 'Pictures that look alike can come near; nothing else leads to it.',
    },
  }
}
