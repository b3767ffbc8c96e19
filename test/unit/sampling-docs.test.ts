// docs/native-api.md against the code: its table of schedulers has each that is served, with the models and the schedules that it takes.
// The figures come from trying: a configuration of that kind is read, and planned with timesteps or sigmas of one's own.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { test } from 'node:test'
import { checkFlowRequest } from '../../models/families/flow-request.ts'
import { serves } from '../../models/families/schedulers.ts'
import { ModelError } from '../../models/runtime/error.ts'
import { type Custom, readScheduler, SCHEDULER_NAMES, type SchedulerName } from '../../models/schedulers/scheduler.ts'
import { FILE, SD } from '../models/walk.ts'

const FAMILIES = ['sd', 'sdxl', 'sd3', 'flux'] as const
type Asked = 'timesteps' | 'sigmas'

const OWN = { timesteps: [900, 500, 100], sigmas: [0.9, 0.5, 0.1] } as const satisfies Record<Asked, readonly number[]>

function takes(name: SchedulerName, asked: Asked, flows: boolean): boolean {
  const custom: Custom = { [asked]: OWN[asked] }
  const plan = readScheduler(flows ? { use_flow_sigmas: true } : name.startsWith('Flow') ? {} : SD, name, FILE)
  try {
    if (flows || name.startsWith('FlowMatch')) checkFlowRequest({ custom })
    plan(OWN[asked].length, custom)
    return true
  } catch (error) {
    if (error instanceof ModelError && error.field === asked) return false
    throw error
  }
}

function rowOf(name: SchedulerName): string {
  const alone = FAMILIES.filter((family) => serves(name, family, false))
  const turned = FAMILIES.filter((family) => serves(name, family, true) && !alone.includes(family))
  const listed = (families: readonly string[]) => families.map((family) => `\`${family}\``).join(', ')
  const models = turned.length === 0 ? listed(alone) : `${listed(alone)}; with \`use_flow_sigmas\` ${listed(turned)}`
  const said = (asked: Asked) => {
    if (takes(name, asked, false)) return 'yes'
    return turned.length > 0 && takes(name, asked, true) ? 'with `use_flow_sigmas`' : 'no'
  }
  return `| \`${name}\` | ${models} | ${said('timesteps')} | ${said('sigmas')} |`
}

test('every scheduler is in the manual, with the models and the schedules that it takes', () => {
  const page = readFileSync(resolve(import.meta.dirname, '../../docs/native-api.md'), 'utf8')
  assert.deepEqual(
    page.split('\n').filter((line) => /^\| `\w+Scheduler` \|/.test(line)),
    SCHEDULER_NAMES.map(rowOf),
  )
})
