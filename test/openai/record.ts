// Records test/openai/transcripts anew, from both services: `node boot.mjs test/openai/record.ts [part of a scene's name]`.
// Read the difference before it is committed: it is the contract that changed.
import { openService } from '../http/service.ts'
import { openRealService } from './real-service.ts'
import { SCENES } from './scenes.ts'
import { REAL_SCENES } from './scenes-real.ts'
import { play, record } from './transcript.ts'

const [part = ''] = process.argv.slice(2)
const wanted = ({ name }: { name: string }) => name.includes(part)

if (SCENES.some(wanted)) {
  await using service = await openService({ DARKROOM_WAIT_MS: '3000' })
  for (const scene of SCENES.filter(wanted)) await record(await play(scene, service.url, service.key, service))
}
if (REAL_SCENES.some(wanted)) {
  await using service = await openRealService()
  for (const scene of REAL_SCENES.filter(wanted)) await record(await play(scene, service.url, service.key, null))
}
