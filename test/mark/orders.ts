// What tests and benchmarks have marked: an order for a picture, as the mark stage would make it.
import type { MarkOrder } from '../../src/mark/mark.ts'
import type { Drawn } from './pictures.ts'

/** `number` names the image, and is what its pixels carry. A PNG made from a prompt, unless `more` says otherwise. */
export function orderOf(picture: Drawn, number: number, more: Partial<MarkOrder> = {}): MarkOrder {
  return {
    picture,
    imageId: `img_${number}`,
    markId: number,
    outputFormat: 'png',
    compression: null,
    system: { name: 'Darkroom', version: '0.1.0' },
    model: { id: 'storybook', version: '1.0.0' },
    createdAt: new Date('2026-03-04T05:06:07Z'),
    parent: null,
    ...more,
  }
}
