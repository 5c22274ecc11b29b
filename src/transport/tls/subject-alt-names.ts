import type { X509Certificate } from 'node:crypto'

/** One of the names of a certificate. */
export interface SubjectAltName {
  /** `DNS`, `IP Address`, `URI`, `email` or another, as Node writes it. */
  readonly kind: string
  readonly value: string
}

/**
 * The names of a certificate (RFC 5280 section 4.2.1.6). Node gives them as one line, `DNS:a, DNS:b`, in which it quotes as
 * JSON what could be mistaken for more than one name: so quotes are read, and nothing is split within them.
 */
export function subjectAltNames({
  subjectAltName,
}: Pick<X509Certificate, 'subjectAltName'>): SubjectAltName[] {
  return [...(subjectAltName ?? '').matchAll(NAME)].map(({ groups }) => {
    const { kind = '', quoted, plain = '' } = groups!
    return { kind, value: quoted === undefined ? plain : (JSON.parse(quoted) as string) }
  })
}

const NAME = /(?:^|, )(?<kind>[^:,"]+):(?:(?<quoted>"(?:[^"\\]|\\.)*")|(?<plain>[^",]*))/g
