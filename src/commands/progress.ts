// A progress bar on a terminal; on anything else, nothing.

export type ProgressBar = { show: (done: number, total: number, label: string) => void; end: () => void }

const WIDTH = 32

export function progressBar(stream: NodeJS.WriteStream): ProgressBar {
  if (!stream.isTTY) return { show: () => {}, end: () => {} }
  return {
    show: (done, total, label) => {
      const filled = total === 0 ? 0 : Math.round((WIDTH * done) / total)
      stream.write(`\r${'█'.repeat(filled)}${'░'.repeat(WIDTH - filled)} ${label}\x1b[K`)
    },
    end: () => {
      stream.write('\r\x1b[K')
    },
  }
}
