// Fixed slots: a graph that only ever sees one number of rows. Kernels are chosen by shape, so on a GPU a row's last bits depend on how
// many others there are; padded to one number, they depend on nothing but the row. What the number is belongs in the recipe.
import type { Module } from './sessions.ts'
import type { Feed, Output } from './tensors.ts'

/** A module whose every run has `rows` rows, as its input `main` counts them: fewer are padded by the last one, more are cut into runs. */
export function slotted(module: Pick<Module, 'run'>, rows: number, main: string): Pick<Module, 'run'> {
  return {
    async run(feeds) {
      const asked = feeds[main]?.dims[0] ?? 0
      // One timestep for all, and positions without a dimension of rows, are what they are in any company.
      const perRow = Object.entries(feeds).filter(([name, { dims }]) => dims[0] === asked && !isShared(name, dims))
      const parts: ReadonlyMap<string, Output>[] = []
      for (let from = 0; from < asked; from += rows) {
        const cut = perRow.map(([name, feed]) => [name, slotOf(feed, from, rows)] as const)
        const outputs = await module.run({ ...feeds, ...Object.fromEntries(cut) })
        const kept = Math.min(rows, asked - from)
        parts.push(new Map(Array.from(outputs, ([name, output]) => [name, firstRows(output, kept)])))
      }
      return join(parts)
    },
  }
}

/** A transformer's positions: the same for all rows where they are a table. */
function isShared(name: string, dims: readonly number[]): boolean {
  return (name === 'txt_ids' || name === 'img_ids') && dims.length === 2
}

/** Rows `from` to `from + rows`; those beyond the end are the last one again. */
function slotOf({ values, dims }: Feed, from: number, rows: number): Feed {
  const [asked = 0, ...rest] = dims
  const size = rest.reduce((product, side) => product * side, 1)
  const all = values instanceof Float32Array ? values : Float32Array.from(values)
  const slot = new Float32Array(rows * size)
  for (let row = 0; row < rows; row++) {
    const source = Math.min(from + row, asked - 1) * size
    slot.set(all.subarray(source, source + size), row * size)
  }
  return { values: slot, dims: [rows, ...rest] }
}

function firstRows({ values, dims }: Output, rows: number): Output {
  const [all = 1, ...rest] = dims
  return { values: values.subarray(0, (values.length / all) * rows), dims: [rows, ...rest] }
}

function join(parts: readonly ReadonlyMap<string, Output>[]): ReadonlyMap<string, Output> {
  const [first] = parts
  if (first === undefined || parts.length === 1) return first ?? new Map()
  return new Map(
    Array.from(first, ([name, { dims }]) => {
      const outputs = parts.flatMap((part) => part.get(name) ?? [])
      const values = new Float32Array(outputs.reduce((sum, output) => sum + output.values.length, 0))
      let at = 0
      for (const output of outputs) {
        values.set(output.values, at)
        at += output.values.length
      }
      return [
        name,
        { values, dims: [outputs.reduce((sum, output) => sum + (output.dims[0] ?? 0), 0), ...dims.slice(1)] },
      ]
    }),
  )
}
