// Objects in S3: the one adapter of the AWS SDK. Each object carries the SHA-256 of its bytes, is written only where nothing is
// (multipart too: the condition is checked when it completes, so nothing half-written is ever visible) and is checked when read.
// Only a public bucket makes links. What must hold of the buckets before a start is in s3-checks.ts.

import { setTimeout as sleep } from 'node:timers/promises'
import {
  AbortMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetBucketPolicyStatusCommand,
  GetBucketVersioningCommand,
  GetObjectCommand,
  GetObjectLockConfigurationCommand,
  HeadBucketCommand,
  ListObjectVersionsCommand,
  type ListObjectVersionsCommandInput,
  type ListObjectVersionsCommandOutput,
  PutBucketVersioningCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
  PutObjectLockConfigurationCommand,
  S3Client,
  type S3ClientConfig,
} from '@aws-sdk/client-s3'
import { Upload } from '@aws-sdk/lib-storage'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { errorName } from '../kernel/aws-errors.ts'
import { sha256 } from '../kernel/canonical.ts'
import type { S3Config } from '../kernel/config/objects.ts'
import { Fault } from '../kernel/fault.ts'
import type { ObjectStore, PublicStore, StoredObject } from '../kernel/object-store.ts'
import { isKey } from './file-store.ts'
import { isContended, isTaken, objectFault } from './s3-faults.ts'

export type S3Role = keyof S3Config['buckets']

/** What the transparency log keeps: written once, held by Object Lock, removed by nobody. */
export type LockedStore = Pick<ObjectStore, 'putIfAbsent' | 'get'>

export type S3Stores = {
  readonly quarantine: ObjectStore
  readonly images: PublicStore
  readonly log: LockedStore
  /** What the checks at start, and whoever makes buckets, may ask of one; it throws what the SDK throws. */
  readonly probe: (role: S3Role) => S3Probe
} & AsyncDisposable

export type S3Probe = {
  readonly bucket: string
  readonly exists: (signal?: AbortSignal) => Promise<unknown>
  /** Makes the bucket, in the client's region; with `locked`, so that its objects can be locked. */
  readonly create: (locked: boolean) => Promise<void>
  readonly enableVersioning: () => Promise<void>
  readonly enableObjectLock: () => Promise<void>
  /** Status of bucket versioning. */
  readonly isVersioned: () => Promise<boolean>
  readonly hasObjectLock: () => Promise<boolean>
  /** Whether the bucket's policy is public; false where there is none or the server cannot say. */
  readonly hasPublicPolicy: () => Promise<boolean>
  /** Begins and abandons an upload: shows the right to write and leaves nothing, not even in a locked bucket. */
  readonly mayWrite: () => Promise<void>
  /** Writes a small object unless it is there; answers the encryption that the server says it used. */
  readonly put: (key: string, bytes: Buffer) => Promise<string | null>
  readonly remove: (key: string) => Promise<void>
  /** The object's address, without any signature. */
  readonly address: (key: string) => Promise<string>
}

export const LONGEST_LINK_SECONDS = 300
const CONTENDED_MS = 50

/** Where the server is and who we are, where it is not the SDK's own default chain that says so. */
export type S3Connection = Pick<S3ClientConfig, 'endpoint' | 'region' | 'credentials'>

/** Opens the three stores; nothing is sent yet. Faults of their calls: object_store_failed, object_missing, object_mismatch. */
export function openS3Stores(config: S3Config, connection: S3Connection = {}): S3Stores {
  const client = openClient(config, connection)
  const { publicEndpoint } = config
  const signing = publicEndpoint === null ? client : openClient(config, { ...connection, endpoint: publicEndpoint })
  const { quarantine, images } = config.buckets
  const plain = () => ({})
  return {
    quarantine: openStore(client, 'quarantine', quarantine, config, plain),
    images: {
      ...openStore(client, 'images', images, config, plain),
      signedUrl: (key, ttlSeconds) => signedUrl(signing, images, key, ttlSeconds),
    },
    log: openLockedStore(client, config),
    probe: (role) => openProbe(client, role, config),
    [Symbol.asyncDispose]: async () => {
      client.destroy()
      signing.destroy()
    },
  }
}

function openClient({ forcePathStyle, timeoutMs, attempts }: S3Config, connection: S3Connection): S3Client {
  return new S3Client({
    ...connection,
    forcePathStyle,
    maxAttempts: attempts,
    retryMode: 'standard',
    // requestTimeout: until the answer begins; socketTimeout: a silence within it.
    requestHandler: {
      connectionTimeout: Math.min(timeoutMs, 5000),
      requestTimeout: timeoutMs,
      socketTimeout: timeoutMs,
      throwOnRequestTimeout: true,
    },
  })
}

type PutExtras = Partial<PutObjectCommandInput>

function openStore(
  client: S3Client,
  role: S3Role,
  Bucket: string,
  config: S3Config,
  extras: () => PutExtras,
): ObjectStore {
  return {
    putIfAbsent: async (key, { bytes, contentType }) => {
      const params = {
        Bucket,
        Key: checked(key),
        Body: bytes,
        ContentType: contentType,
        Metadata: { sha256: sha256(bytes) },
        IfNoneMatch: '*',
        ChecksumAlgorithm: 'SHA256',
        ...encryption(config),
        ...extras(),
      } satisfies PutObjectCommandInput
      for (let attempt = 1; ; attempt++) {
        try {
          await new Upload({ client, params, partSize: config.partBytes }).done()
          return 'created'
        } catch (error) {
          if (isTaken(error)) return 'exists'
          if (!isContended(error) || attempt >= config.attempts) throw objectFault(error, role)
          await sleep(CONTENDED_MS * 2 ** attempt)
        }
      }
    },
    get: async (key) => {
      try {
        return await read(client, Bucket, checked(key), role)
      } catch (error) {
        throw objectFault(error, role)
      }
    },
    remove: async (key) => {
      try {
        await removeVersions(client, Bucket, checked(key))
      } catch (error) {
        throw objectFault(error, role)
      }
    },
    removeUnder: async (folder) => {
      try {
        await removeFolder(client, Bucket, `${checked(folder)}/`)
      } catch (error) {
        throw objectFault(error, role)
      }
    },
  }
}

function openLockedStore(client: S3Client, config: S3Config): LockedStore {
  const { putIfAbsent, get } = openStore(client, 'log', config.buckets.log, config, () => ({
    ObjectLockMode: 'COMPLIANCE',
    ObjectLockRetainUntilDate: new Date(Date.now() + config.logRetentionDays * 86_400_000),
  }))
  return { putIfAbsent, get }
}

/** The object, checked against the digest it was stored with. */
async function read(client: S3Client, Bucket: string, Key: string, role: S3Role): Promise<StoredObject> {
  const answer = await client.send(new GetObjectCommand({ Bucket, Key }))
  const bytes = Buffer.from((await answer.Body?.transformToByteArray()) ?? [])
  const { ContentType: contentType } = answer
  if (contentType === undefined || answer.Metadata?.sha256 !== sha256(bytes))
    throw new Fault('object_mismatch', { facts: { store: role, sizeBytes: bytes.length } })
  return { bytes, contentType }
}

async function signedUrl(client: S3Client, Bucket: string, key: string, ttlSeconds: number): Promise<string> {
  if (ttlSeconds > LONGEST_LINK_SECONDS) throw new TypeError('a link lives five minutes at the most')
  const command = new GetObjectCommand({ Bucket, Key: checked(key), ResponseContentDisposition: 'inline' })
  return getSignedUrl(client, command, { expiresIn: ttlSeconds })
}

/** First the object goes out of sight, then each of its versions and delete markers for good. */
async function removeVersions(client: S3Client, Bucket: string, Key: string): Promise<void> {
  await client.send(new DeleteObjectCommand({ Bucket, Key }))
  let input: ListObjectVersionsCommandInput | null = { Bucket, Prefix: Key }
  while (input !== null) {
    const page: ListObjectVersionsCommandOutput = await client.send(new ListObjectVersionsCommand(input))
    const found = [...(page.Versions ?? []), ...(page.DeleteMarkers ?? [])]
    for (const { Key: one, VersionId } of found)
      if (one === Key && VersionId !== undefined) await client.send(new DeleteObjectCommand({ Bucket, Key, VersionId }))
    // In order of keys: once another key comes, this one's versions are all known.
    const more = page.IsTruncated === true && found.every((one) => one.Key === Key)
    input = more ? { ...input, KeyMarker: page.NextKeyMarker, VersionIdMarker: page.NextVersionIdMarker } : null
  }
}

/** Every version and delete marker whose key begins so. What is added meanwhile may stay. */
async function removeFolder(client: S3Client, Bucket: string, Prefix: string): Promise<void> {
  let input: ListObjectVersionsCommandInput | null = { Bucket, Prefix }
  while (input !== null) {
    const page: ListObjectVersionsCommandOutput = await client.send(new ListObjectVersionsCommand(input))
    for (const { Key, VersionId } of [...(page.Versions ?? []), ...(page.DeleteMarkers ?? [])])
      await client.send(new DeleteObjectCommand({ Bucket, Key, ...(VersionId === undefined ? {} : { VersionId }) }))
    input = page.IsTruncated
      ? { ...input, KeyMarker: page.NextKeyMarker, VersionIdMarker: page.NextVersionIdMarker }
      : null
  }
}

function openProbe(client: S3Client, role: S3Role, config: S3Config): S3Probe {
  const Bucket = config.buckets[role]
  const none =
    (...names: string[]) =>
    (error: unknown) => {
      if (names.includes(errorName(error))) return null
      throw error
    }
  return {
    bucket: Bucket,
    exists: (abortSignal) =>
      abortSignal === undefined
        ? // Unlike HeadBucket its refusal has a body, which says what is wrong.
          client.send(new ListObjectVersionsCommand({ Bucket, MaxKeys: 1 }))
        : client.send(new HeadBucketCommand({ Bucket }), { abortSignal }),
    create: async (locked) => {
      await client.send(new CreateBucketCommand({ Bucket, ObjectLockEnabledForBucket: locked }))
    },
    enableVersioning: async () => {
      const VersioningConfiguration = { Status: 'Enabled' } as const
      await client.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }))
    },
    enableObjectLock: async () => {
      const ObjectLockConfiguration = { ObjectLockEnabled: 'Enabled' } as const
      await client.send(new PutObjectLockConfigurationCommand({ Bucket, ObjectLockConfiguration }))
    },
    isVersioned: async () => (await client.send(new GetBucketVersioningCommand({ Bucket }))).Status === 'Enabled',
    hasObjectLock: async () => {
      const asked = client.send(new GetObjectLockConfigurationCommand({ Bucket }))
      const answer = await asked.catch(none('ObjectLockConfigurationNotFoundError'))
      return answer?.ObjectLockConfiguration?.ObjectLockEnabled === 'Enabled'
    },
    hasPublicPolicy: async () => {
      const asked = client.send(new GetBucketPolicyStatusCommand({ Bucket }))
      const answer = await asked.catch(none('NoSuchBucketPolicy', 'NotImplemented', 'MethodNotAllowed', 'AccessDenied'))
      return answer?.PolicyStatus?.IsPublic === true
    },
    mayWrite: async () => {
      const Key = PROBE_KEY
      const { UploadId } = await client.send(new CreateMultipartUploadCommand({ Bucket, Key, ...encryption(config) }))
      await client.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId }))
    },
    put: async (Key, Body) => {
      const params = { Bucket, Key, Body, IfNoneMatch: '*', ContentType: 'text/plain', ...encryption(config) }
      return (await client.send(new PutObjectCommand(params))).ServerSideEncryption ?? null
    },
    remove: (key) => removeVersions(client, Bucket, key),
    address: async (Key) => {
      const url = new URL(await getSignedUrl(client, new GetObjectCommand({ Bucket, Key }), { expiresIn: 60 }))
      url.search = ''
      return url.href
    },
  }
}

export const PROBE_KEY = 'darkroom-probe'

function encryption({ encryption, kmsKeyId }: S3Config): PutExtras {
  if (encryption === 'none') return {}
  return { ServerSideEncryption: encryption, ...(kmsKeyId === null ? {} : { SSEKMSKeyId: kmsKeyId }) }
}

function checked(key: string): string {
  if (!isKey(key)) throw new Fault('object_store_failed', { detail: 'not an object key' })
  return key
}
