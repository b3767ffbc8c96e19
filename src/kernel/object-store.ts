// What a stage may ask of an object store. Adapters live in src/publish. Keys are deterministic (`imageId/stage`), so that a
// retry finds what an earlier attempt left: on `exists` fetch, verify, adopt.

export type StoredObject = { bytes: Buffer; contentType: string }

export interface ObjectStore {
  /** Stores `bytes` under `key` unless something is there (If-None-Match: *). Fault: object_store_failed. */
  putIfAbsent(key: string, object: StoredObject): Promise<'created' | 'exists'>
  /** Faults: object_missing, object_store_failed. */
  get(key: string): Promise<StoredObject>
  /** Removes every version; what is not there is no error. */
  remove(key: string): Promise<void>
  /** Removes every version of everything below `folder/`, whatever it is called. */
  removeUnder(folder: string): Promise<void>
}

/** A store whose objects may be handed out by a link that expires. */
export interface PublicStore extends ObjectStore {
  /** An absolute or root-relative URL that grants reading `key` until it expires. */
  signedUrl(key: string, ttlSeconds: number): Promise<string>
}
