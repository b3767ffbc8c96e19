// The picture of the shipped model whose making is timed.
import type { SampleRequest } from '../models/runtime/stepper.ts'

export const SAMPLE: SampleRequest = {
  id: 'a',
  prompt: 'a red boat on the sea at sunset',
  negativePrompt: '',
  seed: 1,
  width: 128,
  height: 128,
  steps: 20,
  guidanceScale: 3,
}
