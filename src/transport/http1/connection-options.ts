import { isTokenByte, malformed } from './syntax.ts'

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
    else for (const part of value.split(',')) this.#addOption(part.trim().toLowerCase())
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
    else {
      for (let i = 0; i < option.length; i++) {
        if (!isTokenByte(option.charCodeAt(i))) throw malformed('a Connection option that is no token')
      }
      this.nominated ??= []
      if (!this.nominated.includes(option)) this.nominated.push(option)
    }
  }
}
