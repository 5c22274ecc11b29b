import { hash as hashText } from 'node:crypto'
import { invalidOption, invalidSecret } from '../../core/options.ts'
import { secretBytes } from '../../core/secret.ts'
import { type PasswordHash, passwordHash } from './password-hash.ts'

/** Users and the hashes of their passwords. */
export interface KnownUsers {
  /** The hash to check a password by; for a name that there is not, someone else's: it takes as long. */
  find(name: string): { readonly hash: PasswordHash; readonly known: boolean }
}

/** Reads a list of users, and the text of an htpasswd file. `undefined` where neither is given. */
export function knownUsers(
  owner: string,
  { users, htpasswd }: { users?: Readonly<Record<string, string>>; htpasswd?: string },
): KnownUsers | undefined {
  if (users === undefined && htpasswd === undefined) return undefined
  const hashes = new Map<string, PasswordHash>()
  const add = (where: string, option: string, name: string, text: unknown): void => {
    const known = name.normalize('NFC')
    if (!/^[^\p{Cc}:]+$/u.test(known) || hashes.has(known))
      throw invalidSecret(where, option, 'a name without a colon that nobody else has', name)
    const hash = typeof text === 'string' ? passwordHash(text) : 'a hash'
    if (typeof hash === 'string') throw invalidSecret(where, option, hash, text)
    hashes.set(known, hash)
  }
  if (users !== undefined) {
    if (typeof users !== 'object' || users === null)
      throw invalidSecret(owner, 'users', 'an object of names and hashes', users)
    for (const [name, text] of Object.entries(users)) add(`${owner}: users`, name, name, text)
  }
  if (htpasswd !== undefined) {
    if (typeof htpasswd !== 'string')
      throw invalidSecret(owner, 'htpasswd', 'the text of an htpasswd file', htpasswd)
    htpasswd.split(/\r?\n/).forEach((line, i) => {
      if (line.trim() === '' || line.startsWith('#')) return
      const [name = '', text] = line.split(':')
      add(`${owner}: htpasswd`, `line ${i + 1}`, name, text?.trim())
    })
  }
  if (hashes.size === 0)
    throw invalidOption(owner, users === undefined ? 'htpasswd' : 'users', 'at least one user', undefined)
  const some = [...hashes.values()]
  const salt = secretBytes(16).toString('hex')
  return {
    find(name) {
      const hash = hashes.get(name)
      if (hash !== undefined) return { hash, known: true }
      // Always the same one for a name, as it would be if that name were known.
      const at = Number.parseInt(hashText('sha256', salt + name, 'hex').slice(0, 8), 16) % some.length
      return { hash: some[at]!, known: false }
    },
  }
}
