// What it means that a key leads to a record, in words: how sure that is, and what it does not show. A key is what somebody typed; what is
// said of a picture that was handed in is http/find-picture.ts's. Pure.
import type { Asked, Sure } from './find.ts'
import { type LeadBy, readKey } from './find-keys.ts'

type Words = { readonly sure: Sure; readonly shows: string; readonly does_not_show: string | null }

const NUMBER = 'A number says nothing of a picture: hand the picture in, and its mark is read.'
const words: Readonly<Record<LeadBy, Words>> = {
  image: { sure: 'exact', shows: 'The image of that id.', does_not_show: null },
  request: { sure: 'exact', shows: 'The request of that id.', does_not_show: null },
  statement: { sure: 'exact', shows: 'The statement of reasons of that id is about it.', does_not_show: null },
  appeal: { sure: 'exact', shows: 'The appeal of that id is about it.', does_not_show: null },
  review_item: { sure: 'exact', shows: 'The review item of that id is about it.', does_not_show: null },
  log_index: { sure: 'exact', shows: 'The row of the log at that index is about it.', does_not_show: null },
  file: {
    sure: 'exact',
    shows: 'A file of that SHA-256 was drawn, marked or released as this image.',
    does_not_show: null,
  },
  pixels: {
    sure: 'exact',
    shows: 'The pixels of this image have that SHA-256.',
    does_not_show: 'Equal pixels say nothing of what the file around them claims.',
  },
  manifest: {
    sure: 'exact',
    shows: 'The manifest of that id was signed for this image.',
    does_not_show: 'An id says nothing of a picture: a manifest can be copied beside other pixels.',
  },
  mark: { sure: 'exact', shows: 'The number was given to this image for its mark.', does_not_show: NUMBER },
  trustmark: { sure: 'exact', shows: 'The number was given to this image for its mark.', does_not_show: NUMBER },
  likeness: {
    sure: 'low',
    shows: 'The picture looks like this image.',
    does_not_show: 'Pictures that look alike can come near.',
  },
}

/** Fault: invalid_request (field 'q'). */
export function askedByKey(key: string): Asked[] {
  return readKey(key).map((lead) => ({ lead, way: { by: lead.by, ...words[lead.by] } }))
}

/** What a key was taken for, as a sentence's end: "the number of a mark or a place in the log". */
const NAMES: Readonly<Record<LeadBy, string>> = {
  image: 'the id of an image',
  request: 'the id of a request',
  statement: 'the id of a statement',
  appeal: 'the id of an appeal',
  review_item: 'the id of a review item',
  log_index: 'a place in the log',
  file: 'the SHA-256 of a file',
  pixels: 'the SHA-256 of pixels',
  manifest: 'the id of a manifest',
  mark: 'the number of a mark',
  trustmark: 'the number of a mark',
  likeness: 'a likeness',
}

/** That nothing was found, and what that does not show. */
export function nothingByKey(asked: readonly Asked[]): string {
  const names = asked.map(({ lead }) => NAMES[lead.by]).join(' or as ')
  return `No record here has it, looked for as ${names}. That does not show that no picture was made here: what was typed may have a mistake in it or be another service’s.`
}

export const NOTHING_BY_PICTURE =
  'Nothing in this picture leads to a record here: no digest, no manifest, no readable mark and no likeness. That does not show that it was not made here: heavy editing destroys marks, and what was never released was never marked.'
