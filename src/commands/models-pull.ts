// `darkroom models pull`: what is fetched, how far it is, and whether its licence is accepted, on a terminal or in plain lines.
import { userInfo } from 'node:os'
import { openHub } from '../../models/hub/hub.ts'
import { type LicenceText, type Progress, pullPack, readRepo } from '../../models/hub/pull.ts'
import type { Config } from '../kernel/config.ts'
import { Fault } from '../kernel/fault.ts'
import { ask } from './ask.ts'
import { asSize } from './models-list.ts'
import { progressBar } from './progress.ts'

type Options = {
  include: string[]
  id?: string | undefined
  licence?: string | undefined
  acceptLicence: string | undefined
}

const SHOWN_LINES = 40

export async function pullModel(
  { hub: { address, token, maxBytes }, packsDir }: Pick<Config, 'hub' | 'packsDir'>,
  source: string,
  { include, id, licence, acceptLicence }: Options,
): Promise<void> {
  const { repo, revision } = readRepo(source)
  const progress = tellProgress()
  const order = {
    ...{ packsDir, repo, revision, include, maxBytes },
    ...(id === undefined ? {} : { id }),
    ...(licence === undefined ? {} : { licence }),
  }
  const { manifest, dir } = await pullPack(openHub({ address, token }), order, {
    onPlan: ({ commit, files, bytes }) =>
      process.stderr.write(`${repo} at ${commit}: ${files} files, ${asSize(bytes)}\n`),
    onProgress: progress.show,
    accept: async (text) => {
      progress.end()
      return accept(text, acceptLicence)
    },
  }).finally(progress.end)
  process.stdout.write(`${manifest.id} ${manifest.version}: pulled into ${dir}\n`)
  process.stdout.write('It names no classifier: every picture is held for a person (docs/classifiers.md).\n')
}

/** Who accepts; the licence is named as it is, by whoever is asked. */
async function accept({ name, file, text }: LicenceText, said: string | undefined): Promise<string> {
  const lines = text.trimEnd().split('\n')
  const shown = lines.slice(0, SHOWN_LINES).join('\n')
  // What a stranger wrote may not steer the terminal.
  process.stderr.write(
    `\n${printable(shown)}\n${lines.length > SHOWN_LINES ? `[${lines.length - SHOWN_LINES} more lines in ${file}]\n` : ''}`,
  )
  process.stderr.write(`\nLicence: ${printable(name)} (${file})\n`)
  const named = said ?? (await ask('Type its name to accept it: ', `--accept-licence ${printable(name)}`))
  if (named !== name)
    throw new Fault('invalid_request', {
      field: '--accept-licence',
      detail: `the licence is ${printable(name)}, and it was not accepted; nothing but its text was fetched`,
    })
  return userInfo().username
}

function printable(text: string): string {
  return text.replaceAll(/[^\P{C}\n\t]/gu, '')
}

/** A bar on a terminal, else a line a file. */
function tellProgress() {
  const bar = progressBar(process.stderr)
  let told = 0
  return {
    end: bar.end,
    show({ path, files, fileCount, bytes, totalBytes }: Progress) {
      bar.show(bytes, totalBytes, `${asSize(bytes)} of ${asSize(totalBytes)}  ${path}`)
      if (process.stderr.isTTY || files === told) return
      told = files
      process.stderr.write(`${files}/${fileCount}  ${asSize(bytes)} of ${asSize(totalBytes)}  ${path}\n`)
    },
  }
}
