// A process that tries the providers and ends: what their libraries print while they are tried goes nowhere, and a driver that takes the
// process with it takes this one. It is told what is wanted, and answers with a choice or with why there is none.
import { ModelError } from '../models/runtime/error.ts'
import { chooseProvider, type Provider, type ProviderChoice } from '../models/runtime/sessions.ts'

export type Chosen = ProviderChoice | { refused: string }

process.once('message', (wanted: Provider | 'auto') => {
  void choose(wanted).then((chosen) => process.send?.(chosen, () => process.disconnect()))
})

async function choose(wanted: Provider | 'auto'): Promise<Chosen> {
  try {
    return await chooseProvider(wanted)
  } catch (error) {
    if (error instanceof ModelError) return { refused: error.message }
    throw error
  }
}
