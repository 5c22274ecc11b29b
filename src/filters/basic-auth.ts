import { createHmac, createSecretKey } from 'node:crypto'
import { type Attribute, attribute } from '../core/attribute.ts'
import type { ProxyError } from '../core/errors.ts'
import type { Exchange } from '../core/exchange.ts'
import { type Filter, named } from '../core/handler.ts'
import {
  type Duration,
  durationMs,
  integer,
  invalidOption,
  invalidSecret,
  knownOptions,
} from '../core/options.ts'
import { secretBytes } from '../core/secret.ts'
import { type Answer, AnswerCache } from './identity/answer-cache.ts'
import { BcryptChecker } from './identity/bcrypt-checker.ts'
import { credentialsOf, MalformedCredentials } from './identity/bearer-token.ts'
import { challenge, checkedRealm } from './identity/challenge.ts'
import { type KnownUsers, knownUsers } from './identity/known-users.ts'
import { type NameAndPassword, nameAndPassword } from './identity/name-and-password.ts'
import { isPassword } from './identity/password-hash.ts'
import { refusal } from './identity/refusal.ts'
import { WorkQueue } from './identity/work-queue.ts'

export { hashPassword } from './identity/password-hash.ts'

export interface BasicAuthOptions {
  /** Names, and a hash of each password: bcrypt (`htpasswd -nB ada`), or scrypt (`hashPassword`). */
  users?: Readonly<Record<string, string>>
  /** The text of an htpasswd file, beside or in place of `users`. Its hashes must be bcrypt or scrypt. */
  htpasswd?: string
  /**
   * Decides in place of a list. What it throws is 503 `identity_unavailable`. One that never ends keeps one of the places of
   * `concurrency`, so give it a limit in time of its own. Not together with `users` or `htpasswd`.
   */
  verify?: (name: string, password: string) => Promise<boolean> | boolean
  /** What browsers show, and a password is for. Default `restricted`. */
  realm?: string
  /** Whether `Authorization` goes on to the service. Default false: the password ends here. */
  forward?: boolean
  /** How long a name and password that were right are not checked anew. 0: always. Default 5 minutes. */
  cacheMs?: Duration
  /** So many of them are remembered. Default 10 000. */
  cacheMax?: number
  /** Passwords that are checked at once. Node computes at most four of scrypt at once, files and names too. Default 2. */
  concurrency?: number
  /** Passwords that may wait for that; more are 503 `identity_unavailable`. Default 50. */
  maxWaiting?: number
  /** How long a check may take, its wait included; past that it is 503 `identity_unavailable`. Default 10 s. */
  timeoutMs?: Duration
}

const OWNER = 'basicAuth'

const OPTIONS: readonly string[] = [
  'users',
  'htpasswd',
  'verify',
  'realm',
  'forward',
  'cacheMs',
  'cacheMax',
  'concurrency',
  'maxWaiting',
  'timeoutMs',
] satisfies (keyof BasicAuthOptions)[]

/** The name that `basicAuth` has found to be the client's. */
export const basicAuthUser: Attribute<string> = attribute<string>('basicAuthUser')

/** In base64. A field that is longer is no one's. */
const MAX_LENGTH = 2_048

/**
 * Asks for a name and a password (RFC 7617), and refuses all who have no right one with 401 `unauthenticated`.
 *
 * Passwords are kept as bcrypt or scrypt hashes, in a list or in the text of an htpasswd file. `$apr1$` (MD5), `{SHA}`, crypt
 * and plain text are refused at the call, since whoever reads such a file has the passwords too. Later filters find the name
 * with `exchange.get(basicAuthUser)`. Names and passwords are UTF-8, which the challenge says; different ways to write the same
 * letter (Unicode NFC) are the same.
 *
 * A check takes a tenth of a second on purpose, so it must not be a lever against the proxy. scrypt runs in Node's thread pool
 * and bcrypt in a thread of its own, never on the event loop; `concurrency` of them at once, `maxWaiting` in line, and all
 * others are 503 `identity_unavailable`. What was right is remembered for `cacheMs`, by a hash (HMAC) whose key only the
 * process has, so those who have logged in do not stand in that line. For a name that there is not, as much is computed
 * as for one that there is.
 *
 * Traps: only over TLS. Browsers send the password along with requests that other sites make: put `csrf` before it. A wrong
 * password costs a check each time: put a limit by address before it. bcrypt looks at the first 72 bytes of a password. One
 * kind of hash for all users, else the time of an answer tells of which kind a name might be.
 *
 * @example
 * basicAuth({ htpasswd: readFileSync('staff.htpasswd', 'utf8'), realm: 'staff' })
 *
 * @throws `ERR_OPTION_INVALID` for an option that is wrong; hashes and passwords are never in its message.
 */
export function basicAuth(options: BasicAuthOptions): Filter & Disposable {
  knownOptions(OWNER, options, OPTIONS)
  const { verify, realm = 'restricted', forward = false } = options
  if (typeof forward !== 'boolean') throw invalidOption(OWNER, 'forward', 'true or false', forward)
  const challenged = { 'WWW-Authenticate': challenge({ scheme: 'Basic', realm: checkedRealm(OWNER, realm) }) }
  const passwords = new Passwords(options, checkOf(verify, knownUsers(OWNER, options)))
  const refused = (exchange: Exchange, detail: string): ProxyError =>
    refusal(exchange, OWNER, 'unauthenticated', { detail, headers: challenged })

  const filter: Filter = (exchange, next) => {
    const { headers } = exchange.request
    const credentials = credentialsOf(headers, 'basic', MAX_LENGTH)
    if (credentials === undefined) throw refused(exchange, 'there are no name and password')
    if (credentials instanceof MalformedCredentials) throw refused(exchange, credentials.reason)
    const passed = (name: string | undefined) => {
      if (name === undefined) throw refused(exchange, 'the name or the password is wrong')
      exchange.set(basicAuthUser, name)
      if (!forward) headers.delete('authorization')
      return next(exchange)
    }
    const name = passwords.nameFor(exchange, credentials)
    if (name instanceof MalformedCredentials) throw refused(exchange, name.reason)
    return typeof name === 'string' ? passed(name) : name.then(passed)
  }
  return Object.assign(named(filter, OWNER), { [Symbol.dispose]: () => passwords[Symbol.dispose]() })
}

type Check = (given: NameAndPassword, bcrypt: BcryptChecker) => Promise<boolean>

function checkOf(verify: BasicAuthOptions['verify'], users: KnownUsers | undefined): Check {
  if (verify === undefined) {
    if (users === undefined)
      throw invalidOption(OWNER, 'users', 'given, unless "htpasswd" or "verify" is', undefined)
    return async ({ name, password }, bcrypt) => {
      const { hash, known } = users.find(name)
      const right = await isPassword(password, hash, bcrypt)
      return right && known
    }
  }
  if (typeof verify !== 'function')
    throw invalidSecret(
      OWNER,
      'verify',
      'a function of a name and a password that gives true or false',
      verify,
    )
  if (users !== undefined) throw invalidOption(OWNER, 'verify', 'left out where there are users', verify)
  return async ({ name, password }) => (await verify(name, password)) === true
}

/** Checks passwords: what was right from memory, the rest one after the other. */
class Passwords implements Disposable {
  readonly #check: Check
  readonly #cacheMs: number
  readonly #queue: WorkQueue
  /** Whose credentials they are; `undefined` for those that are wrong. */
  readonly #names: AnswerCache<string | undefined>
  readonly #bcrypt = new BcryptChecker()
  /** Known to this process alone: what is remembered is of no use to who reads its memory later. */
  readonly #key = createSecretKey(secretBytes(32))

  constructor(options: BasicAuthOptions, check: Check) {
    const {
      cacheMs = 300_000,
      cacheMax = 10_000,
      concurrency = 2,
      maxWaiting = 50,
      timeoutMs = 10_000,
    } = options
    this.#check = check
    this.#cacheMs = durationMs(OWNER, 'cacheMs', cacheMs)
    const places = integer(OWNER, 'concurrency', concurrency, { min: 1, max: 1_000 })
    this.#queue = new WorkQueue(places)
    this.#names = new AnswerCache({
      max: integer(OWNER, 'cacheMax', cacheMax, { min: 1, max: 1_000_000 }),
      maxOpen: places + integer(OWNER, 'maxWaiting', maxWaiting, { max: 100_000 }),
      timeoutMs: durationMs(OWNER, 'timeoutMs', timeoutMs, { min: 1 }),
    })
  }

  nameFor(
    exchange: Exchange,
    credentials: string,
  ): string | MalformedCredentials | Promise<string | undefined> {
    const key = createHmac('sha256', this.#key).update(credentials).digest('base64')
    const known = this.#names.known(exchange, key)?.value
    if (known !== undefined) return known
    const given = nameAndPassword(credentials)
    if (given instanceof MalformedCredentials) return given
    return this.#names.ask(exchange, key, (question) => this.#answer(given, () => question.waiting > 0))
  }

  async #answer(given: NameAndPassword, wanted: () => boolean): Promise<Answer<string | undefined>> {
    const right = await this.#queue.run(() => this.#check(given, this.#bcrypt), wanted)
    // What was wrong is not remembered: it would put what was right out of memory.
    const { name } = given
    return right
      ? { value: name, keepMs: this.#cacheMs, bytes: 2 * name.length }
      : { value: undefined, keepMs: 0, bytes: 0 }
  }

  [Symbol.dispose](): void {
    this.#names[Symbol.dispose]()
    this.#bcrypt[Symbol.dispose]()
  }
}
