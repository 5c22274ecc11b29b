import { ProxyError } from '../../core/errors.ts'
import type { ExtensionParams, PerMessageDeflate, WsParts } from './ws-parts.ts'

const DEFLATE = 'permessage-deflate'

/**
 * What goes on of the extensions that a client offers: its offers of compression, where they are well-formed. All others are
 * taken out: who changes frames in a way that is not known here cannot be read.
 */
export function offeredCompression(ws: WsParts, field: string | undefined): string | undefined {
  if (field === undefined) return undefined
  let offers: ExtensionParams[] | undefined
  try {
    offers = ws.extension.parse(field)[DEFLATE]
  } catch {
    throw new ProxyError('request_malformed', { detail: 'Sec-WebSocket-Extensions cannot be read' })
  }
  const known = offers?.filter((offer) => isOffer(ws, offer)) ?? []
  return known.length === 0 ? undefined : ws.extension.format({ [DEFLATE]: known })
}

function isOffer(ws: WsParts, offer: ExtensionParams): boolean {
  try {
    // What is accepted is changed by that.
    new ws.PerMessageDeflate({ isServer: true, maxPayload: 0 }).accept([{ ...offer }])
    return true
  } catch {
    return false
  }
}

/** What client and service have agreed on, for both sides: each is spoken to by the same parameters. */
export class Agreement {
  readonly #ws: WsParts
  readonly #params: ExtensionParams | undefined

  /** `field`: what the service has said; `offered`: what it was offered. Throws where that is no answer to it. */
  constructor(ws: WsParts, field: string | undefined, offered: string | undefined) {
    this.#ws = ws
    if (field === undefined) return
    try {
      const { [DEFLATE]: answers = [], ...others } = ws.extension.parse(field)
      const [params] = answers
      if (offered !== undefined && params !== undefined && answers.length === 1 && isEmpty(others)) {
        new ws.PerMessageDeflate({ isServer: false, maxPayload: 0 }).accept([{ ...params }])
        this.#params = params
      }
    } catch (thrown) {
      throw refused(thrown)
    }
    if (this.#params === undefined) throw refused()
  }

  /** Compresses or expands one direction of one side. `isServer`: the side is that of the client, to which we are the server. */
  deflate(isServer: boolean, maxPayload: number): PerMessageDeflate | undefined {
    if (this.#params === undefined) return undefined
    const deflate = new this.#ws.PerMessageDeflate({ isServer, maxPayload })
    deflate.accept([{ ...this.#params }])
    return deflate
  }

  /** As `ws` takes it. */
  static extensions(deflate: PerMessageDeflate | undefined): Record<string, PerMessageDeflate> {
    return deflate === undefined ? {} : { [DEFLATE]: deflate }
  }
}

function isEmpty(object: object): boolean {
  return Object.keys(object).length === 0
}

function refused(cause?: unknown): ProxyError {
  return new ProxyError('upstream_upgrade_failed', {
    detail: 'a WebSocket extension that was not offered',
    cause,
  })
}
