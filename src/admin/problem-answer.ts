import { type ResponseMessage, respondJson } from '../core/message.ts'

/** What an admin listener has to say against a request. */
export class Refusal extends Error {
  readonly status: number
  readonly title: string
  readonly headers: Readonly<Record<string, string>>

  /** `detail` is for whoever has asked. */
  constructor(status: number, title: string, detail: string, headers: Readonly<Record<string, string>> = {}) {
    super(detail)
    this.name = 'Refusal'
    this.status = status
    this.title = title
    this.headers = headers
  }
}

/** The same as an answer: a problem document (RFC 9457). */
export function problemAnswer({ status, title, message, headers }: Refusal): ResponseMessage {
  return respondJson(
    status,
    { title, status, detail: message },
    { ...headers, 'Content-Type': 'application/problem+json' },
  )
}
