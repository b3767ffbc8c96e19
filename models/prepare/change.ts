// What is changed about a denoiser, from one file to another: its timestep, and its products where int8 is asked for.
import { basename, dirname } from 'node:path'
import { ModelError } from '../runtime/error.ts'
import { openProtobuf } from '../runtime/protobuf.ts'
import { filesBeside, openBeside } from './beside.ts'
import { type Graph, readGraph } from './graph.ts'
import { inGraph, int8Products } from './int8.ts'
import { type Links, linksOf } from './links.ts'
import { vectorTimestep } from './timestep.ts'
import { type Changes, noChanges, writeGraph } from './write-graph.ts'

export type Changed = {
  /** What was done, a sentence each. */
  sentences: string[]
  /** Files beside the source that the new graph does without. */
  replaced: ReadonlySet<string>
}

/**
 * Writes the changed graph, and the file beside it where weights change. `int8` is the least count of numbers of a matrix that is
 * changed; null changes none. ModelError: invalid_input (there is nothing to change), pack_unsupported (by node), pack_corrupt.
 */
export function changeDenoiser(source: string, target: string, int8: number | null): Changed {
  using open = openProtobuf(source)
  const links = linksOf(readGraph(open))
  const changes = noChanges()
  const timestep = vectorTimestep(links, changes)
  if (timestep === null && int8 === null)
    throw new ModelError(
      'invalid_input',
      `${source}: it takes a timestep a row already; there is nothing to prepare (--int8 would make its products smaller)`,
      { file: source, field: 'timestep' },
    )
  const sentences = timestep === null ? [] : [timestep]
  if (int8 === null) {
    writeGraph(links.graph, changes, target)
    return { sentences, replaced: new Set() }
  }
  const replaced = filesBeside(links.graph)
  sentences.push(changeProducts(links, changes, target, int8, replaced))
  writeGraph(links.graph, changes, target)
  return { sentences, replaced }
}

/** New weights lie where the old ones lay: in the graph, or beside it. */
function changeProducts(
  links: Links,
  changes: Changes,
  target: string,
  least: number,
  beside: ReadonlySet<string>,
): string {
  if (beside.size === 0) return int8Products(links, changes, least, inGraph)
  expectOrdinary(links.graph)
  const [first = ''] = beside
  using written = openBeside(links.graph, dirname(target), basename(first))
  const sentence = int8Products(links, changes, least, written.store)
  written.keep(changes)
  return sentence
}

function expectOrdinary({ open: { file }, hiddenExternals }: Graph): void {
  if (!hiddenExternals) return
  throw new ModelError(
    'pack_unsupported',
    `${file}: weights beside the graph that are not its initialisers; export it with initialisers`,
    { file, field: 'external_data' },
  )
}
