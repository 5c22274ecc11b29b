import type { TlsConnectOptions } from '../../../core/network.ts'
import type { Schema } from '../schema.ts'
import { choice, flag, oneOrMore, optionsObject, secret, text, texts } from '../values.ts'

/** Towards services. PEM stands in the file, or comes of another: `ca: ${file:ca.pem}`. */
export const tlsConnectOptions: Schema = optionsObject<TlsConnectOptions>({
  servername: text,
  verifyName: text,
  ca: oneOrMore(text),
  cert: text,
  key: secret,
  passphrase: secret,
  pins: texts,
  minVersion: choice('TLSv1.2', 'TLSv1.3'),
  dangerouslyAcceptAnyCertificate: flag,
  alpn: texts,
})
