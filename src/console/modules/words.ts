// What states and failures are called on the page.

const failures: Record<string, string> = {
  nan: 'The model’s numbers ran away, so there was no picture to show. Another seed usually works.',
  out_of_memory: 'The device ran out of memory. Try fewer pictures at once, or a smaller size.',
  timeout: 'It took longer than it ever should, so it was stopped. Trying again is reasonable.',
  model_error:
    'The model failed while it drew. Trying again is reasonable; if it repeats, tell the operator the id below.',
  pack_corrupt:
    'The files of this model are damaged, so it cannot draw. Another model may serve; the operator has to mend this one.',
  storage_error: 'The picture was drawn but could not be stored, so it was not released.',
  mark_failed:
    'The watermark could not be put into this picture, and unmarked pictures do not leave. Another seed may work.',
  mark_unverified:
    'The marks could not be read back from the finished file, so it was not released. Another seed may work.',
  statement_incomplete:
    'The decision could not be explained completely, so it was not carried out. A person has been told.',
  poison: 'It brought the model down more than once, so it was given up. Please change the request.',
}
export const failureWords = (reason: string | null) =>
  failures[reason ?? ''] ?? 'It failed, and no reason is known for it.'

const imageStates: Record<string, string> = {
  planned: 'waiting',
  generated: 'being checked',
  cleared: 'being marked',
  marked: 'being released',
  published: 'released',
  held: 'with a person',
  denied: 'refused',
  failed: 'failed',
  cancelled: 'cancelled',
  withdrawn: 'withdrawn',
  expired: 'expired',
}
export const imageWords = (state: string) => imageStates[state] ?? state

export const titleCase = (id: string) => id.charAt(0).toUpperCase() + id.slice(1).replaceAll('_', ' ')
