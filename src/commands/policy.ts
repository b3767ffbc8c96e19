// `darkroom policy`: checks the moderation policy, and explains what it does with a prompt. Neither starts anything.
import { join } from 'node:path'
import { screenPrompt } from '../admit/screen.ts'
import { readConfig } from '../kernel/config.ts'
import { Fault } from '../kernel/fault.ts'
import { loadModerationPolicy } from '../policy/load.ts'
import type { Command } from './command.ts'

export const command: Command = {
  usage: `usage: npm run darkroom -- policy check
       npm run darkroom -- policy explain "<prompt>" [purpose]`,
  run: async ([verb, prompt, purpose]) => {
    const policy = await loadModerationPolicy(join(readConfig(process.env).policiesDir, 'moderation.yaml'))
    const name = `${policy.id} ${policy.version}, sha256 ${policy.digest}`
    if (verb === 'check') {
      process.stdout.write(
        `${name}: ${policy.categories.length} categories, ${policy.clauses.size} clauses, no fault\n`,
      )
      return
    }
    if (verb !== 'explain' || prompt === undefined)
      throw new Fault('invalid_request', { field: 'policy', detail: 'say check, or explain and a prompt' })
    const found = screenPrompt(policy, { prompt, tenant: 'cli', ...(purpose === undefined ? {} : { purpose }) })
    process.stdout.write(`${JSON.stringify(found, null, 2)}\n`)
  },
}
