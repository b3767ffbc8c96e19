// The adapter to a model hub, by @huggingface/hub: which commit a revision is, which files it has, where each can be had. The library
// cannot go on with half a file, so bytes come by Range requests of our own (download.ts) on the addresses that it gives.
// The token is sent to the hub's own origin only. What the hub answers is untrusted.
import { fileDownloadInfo, HubApiError, listFiles, modelInfo } from '@huggingface/hub'
import { ModelError } from '../runtime/error.ts'
import { readFields } from '../runtime/fields.ts'

export type HubFile = {
  path: string
  sizeBytes: number
  /** Of the file's bytes, or git's of a blob: what is large has the first, the rest the second. */
  digest: { algorithm: 'sha256' | 'git-sha1'; hex: string }
}
/** Where a file can be had, and what the hub says it is. */
export type Located = { url: string; etag: string; sizeBytes: number }

export type Hub = {
  readonly address: string
  /** The commit that a branch, a tag or a commit is. */
  resolve(repo: string, revision: string): Promise<string>
  list(repo: string, commit: string): Promise<HubFile[]>
  locate(repo: string, commit: string, path: string): Promise<Located>
  /** The file's bytes from one on. Errors of the network are left as they are. */
  read(url: string, from: number, signal: AbortSignal): Promise<Response>
}

const FILES = 10_000
/** The field of what is the network's fault, or the hub's for now. */
const TRANSIENT = 'HF_ENDPOINT'

/** Asks nothing yet. Every method: ModelError pack_missing (what to do is said), pack_corrupt (an answer that makes no sense). */
export function openHub({ address, token }: { address: string; token: string | null }): Hub {
  const hubUrl = address.replace(/\/+$/, '')
  const { origin } = new URL(hubUrl)
  const ask: typeof fetch = async (url, init) => {
    const headers = new Headers(init?.headers)
    const target = new URL(url instanceof Request ? url.url : url)
    if (token !== null && target.origin === origin) headers.set('authorization', `Bearer ${token}`)
    return fetch(url, { ...init, headers })
  }
  const asking = async <T>(repo: string, work: () => Promise<T>): Promise<T> => {
    try {
      return await work()
    } catch (error) {
      throw asModelError(error, hubUrl, repo)
    }
  }
  return {
    address: hubUrl,
    resolve: (repo, revision) =>
      asking(repo, async () => {
        const found = await modelInfo({ name: repo, revision, hubUrl, fetch: ask, additionalFields: ['sha'] })
        const commit = readFields(found, repo).text('sha')
        if (!/^[0-9a-f]{40}$/.test(commit)) throw answered(repo, 'sha', 'a commit')
        return commit
      }),
    list: (repo, commit) =>
      asking(repo, async () => {
        const files: HubFile[] = []
        for await (const entry of listFiles({ repo, revision: commit, recursive: true, hubUrl, fetch: ask })) {
          if (files.length >= FILES) throw answered(repo, 'tree', `${FILES} files at most`)
          if (entry.type === 'file') files.push(readEntry(repo, entry))
        }
        return files
      }),
    locate: (repo, commit, path) =>
      asking(repo, async () => {
        const found = await fileDownloadInfo({ repo, revision: commit, path, hubUrl, fetch: oneByte(ask) })
        if (found === null) throw answered(repo, path, 'a file that the hub lists')
        return { url: found.url, etag: found.etag.replaceAll(/^W\/|"/g, ''), sizeBytes: found.size }
      }),
    read: (url, from, signal) => ask(url, { signal, headers: from === 0 ? {} : { range: `bytes=${from}-` } }),
  }
}

/** The library asks for a first byte that it does not read, which would keep the connection. */
function oneByte(ask: typeof fetch): typeof fetch {
  return async (url, init) => {
    const response = await ask(url, init)
    if (response.status === 206) await response.arrayBuffer()
    return response
  }
}

function readEntry(repo: string, entry: object): HubFile {
  const fields = readFields(entry, repo, 'tree.')
  const path = fields.text('path')
  if (!fields.has('lfs')) {
    const hex = fields.text('oid')
    if (!/^[0-9a-f]{40}$/.test(hex)) throw answered(repo, `tree.${path}`, "git's digest of it")
    return {
      path,
      sizeBytes: fields.integer('size', 0, Number.MAX_SAFE_INTEGER),
      digest: { algorithm: 'git-sha1', hex },
    }
  }
  const lfs = fields.child('lfs')
  const hex = lfs.text('oid')
  if (!/^[0-9a-f]{64}$/.test(hex)) throw answered(repo, `tree.${path}`, 'its SHA-256')
  return { path, sizeBytes: lfs.integer('size', 0, Number.MAX_SAFE_INTEGER), digest: { algorithm: 'sha256', hex } }
}

function answered(repo: string, field: string, expected: string): ModelError {
  return new ModelError('pack_corrupt', `${repo}: the hub's answer is none: ${field}: expected ${expected}`, {
    file: repo,
    field,
  })
}

function asModelError(error: unknown, hubUrl: string, repo: string): ModelError {
  if (error instanceof ModelError) return error
  if (error instanceof HubApiError) return refusedBy(error.statusCode, hubUrl, repo, error)
  return unreachable(hubUrl, repo, error)
}

/** A status of the hub's as a failure that says what to do. */
export function refusedBy(status: number, hubUrl: string, repo: string, cause?: unknown): ModelError {
  const missing = (why: string, field: string) =>
    new ModelError('pack_missing', `${repo}: ${why}`, { file: repo, field, cause })
  if (status === 401 || status === 403)
    return missing(
      `the hub gives it to nobody who has not accepted its terms (${status}); accept them at ${hubUrl}/${repo}, then set HF_TOKEN to a token of that account that may read it`,
      'HF_TOKEN',
    )
  if (status === 404) return missing(`${hubUrl} has no such repository, revision or file (404)`, 'repo')
  return missing(`${hubUrl} answered ${status}; try again later, what was fetched is kept`, TRANSIENT)
}

/** What another try may mend. */
export function isTransient(error: unknown): error is ModelError {
  return error instanceof ModelError && error.field === TRANSIENT
}

export function unreachable(hubUrl: string, repo: string, cause: unknown): ModelError {
  const why =
    cause instanceof Error ? [cause.message, cause.cause instanceof Error ? cause.cause.message : ''] : [String(cause)]
  return new ModelError(
    'pack_missing',
    `${repo}: ${hubUrl} cannot be reached (${why.filter((one) => one !== '').join(': ')}); what was fetched is kept: run it again`,
    { file: repo, field: TRANSIENT, cause },
  )
}
