// Checks a receipt with this software's own code, without a service, and says in plain words what holds.
import { checkReceipt, type ReceiptVerdict } from '../audit/receipt-check.ts'
import { printable, readKey, readWhole, Unusable } from './audit-verify.ts'

export type ReceiptWords = { key?: string | undefined; picture?: string | undefined }

/** Prints the verdict; answers the exit status: 0 everything holds, 1 something is wrong, 2 it could not be checked. */
export async function verifyReceipt(files: readonly string[], words: ReceiptWords): Promise<0 | 1 | 2> {
  try {
    const [file, ...rest] = files
    if (file === undefined || rest.length > 0) throw new Unusable('give one receipt')
    // Nothing in a receipt says whose it is.
    if (words.key === undefined)
      throw new Unusable('give the log’s verifier key by --key, from elsewhere than the receipt')
    const key = await readKey(words.key)
    const picture = words.picture === undefined ? null : await readWhole(words.picture)
    const verdict = checkReceipt((await readWhole(file)).toString(), key, picture)
    process.stdout.write(describe(verdict, key.name, picture !== null))
    return verdict.failures.length === 0 ? 0 : 1
  } catch (error) {
    if (!(error instanceof Unusable)) throw error
    process.stderr.write(`darkroom: ${printable(error.message)}\n`)
    return 2
  }
}

function describe({ failures, row, tree }: ReceiptVerdict, log: string, withPicture: boolean): string {
  const held = failures.length === 0
  const lines = [
    held ? 'VERIFIED: the log has this record' : 'NOT VERIFIED: something is wrong; the receipt is not to be relied on',
    `log           ${log}`,
    ...(tree === null ? [] : [`tree          ${tree.size} leaves, root ${tree.root.toString('base64')}`]),
    ...(row === null ? [] : aboutOf(row)),
    ...(held && withPicture ? ['picture       it is the file that was released'] : []),
    ...failures.map((line) => `wrong: ${line}`),
  ]
  return `${lines.map(printable).join('\n')}\n`
}

function aboutOf({ entry, index, opened }: NonNullable<ReceiptVerdict['row']>): string[] {
  return [
    `entry         index ${index}, ${entry.kind} at ${entry.at}, number ${entry.sequence} of tenant ${entry.tenant}`,
    opened === null
      ? 'opened        no: whom it is about, the receipt does not show'
      : `opened        ${opened.subject} ${opened.id}: ${JSON.stringify(opened.facts)}`,
  ]
}
