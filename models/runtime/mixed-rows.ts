// Whether the rows of a batch see each other: operators that scale their input by all of it at once make a row depend on its companions.
// A model with one draws each sample alone, so that it is what it would be in any company. Read from the graph, whoever made it.
import { openProtobuf, type ProtobufFile, type Span } from './protobuf.ts'

const MIXING: readonly string[] = ['DynamicQuantizeLinear', 'DynamicQuantizeMatMul', 'DynamicQuantizeLSTM']

/** Walks a graph that `walkGraph` has been through. */
export function mixesRows(file: string): boolean {
  using open = openProtobuf(file)
  for (const field of open.fields(open.whole)) if (field.number === 7 && graphMixes(open, field)) return true
  return false
}

function graphMixes(open: ProtobufFile, graph: Span): boolean {
  for (const field of open.fields(graph)) if (field.number === 1 && nodeMixes(open, field)) return true
  return false
}

function nodeMixes(open: ProtobufFile, node: Span): boolean {
  for (const field of open.fields(node)) {
    if (field.number === 4 && MIXING.includes(open.text(field))) return true
    if (field.number !== 5) continue
    for (const inner of open.fields(field))
      if ((inner.number === 6 || inner.number === 11) && graphMixes(open, inner)) return true
  }
  return false
}
