import { trimWhiteSpace } from '../../core/headers.ts'
import { isTokenByte, malformed } from './syntax.ts'

/** More than anyone means; each of them is looked for among all fields. */
const MAX_NOMINATED = 32

/** What the `Connection` lines of a message say (RFC 9110 section 7.6.1). */
export class ConnectionOptions {
  close = false
  keepAlive = false
  upgrade = false
  /** Names of fields that end at this hop, in lower case. */
  nominated: string[] | undefined = undefined

  /** Takes one line. */
  add(value: string): void {
    if (value === 'keep-alive' || value === 'Keep-Alive') this.keepAlive = true
    else if (value === 'close') this.close = true
    else for (const part of value.split(',')) this.#addOption(trimWhiteSpace(part).toLowerCase())
  }

  /** Whether the connection stays open after this message (RFC 9112 section 9.3). */
  persistent(minor: number): boolean {
    if (this.close) return false
    return minor === 1 || this.keepAlive
  }

  #addOption(option: string): void {
    // RFC 9110 section 5.6.1: empty list elements are ignored.
    if (option === '') return
    if (option === 'close') this.close = true
    else if (option === 'keep-alive') this.keepAlive = true
    else if (option === 'upgrade') this.upgrade = true
    else this.#nominate(option)
  }

  #nominate(name: string): void {
    for (let i = 0; i < name.length; i++) {
      if (!isTokenByte(name.charCodeAt(i))) throw malformed('a Connection option that is no token')
    }
    this.nominated ??= []
    if (this.nominated.includes(name)) return
    if (this.nominated.length === MAX_NOMINATED) {
      throw malformed(`more than ${MAX_NOMINATED} fields nominated by Connection`)
    }
    this.nominated.push(name)
  }
}
