import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { type CertificateContent, makeCertificate } from '../../src/transport/tls/certificate.ts'

export interface IssuedCertificate {
  readonly cert: string
  readonly key: string
}

const DAY_MS = 86_400_000

/** An authority that vouches for whom a test wants it to, or for another authority. */
export class TestAuthority {
  readonly cert: string
  readonly #name: string
  readonly #privateKey: KeyObject

  constructor(name = 'Test Authority', by?: TestAuthority) {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    this.#name = name
    this.#privateKey = privateKey
    this.cert = makeCertificate({
      subject: name,
      publicKey,
      issuer:
        by === undefined ? { subject: name, privateKey } : { subject: by.#name, privateKey: by.#privateKey },
      names: [],
      validFrom: Date.now() - DAY_MS,
      validTo: Date.now() + DAY_MS,
      authority: true,
    })
  }

  /** The public key of its own. */
  get publicKey(): KeyObject {
    return createPublicKey(this.cert)
  }

  sign(content: Omit<CertificateContent, 'issuer'>): string {
    return makeCertificate({ ...content, issuer: { subject: this.#name, privateKey: this.#privateKey } })
  }

  /** A certificate for some names, valid for so many days from yesterday on. */
  issue(names: readonly string[], { subject = names[0] ?? 'nobody', days = 30 } = {}): IssuedCertificate {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const validFrom = Date.now() - DAY_MS * (days < 0 ? 30 : 1)
    return {
      cert: this.sign({ subject, publicKey, names, validFrom, validTo: Date.now() + DAY_MS * days }),
      key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
    }
  }
}
