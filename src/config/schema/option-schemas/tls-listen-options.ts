import type { CertificateFiles, CertificatePem } from '../../../transport/tls/certificate-options.ts'
import type { CertificatesOptions, TlsOptions } from '../../../transport/tls/listen-options.ts'
import type { OptionsSchema, Schema } from '../schema.ts'
import {
  choice,
  duration,
  either,
  filePath,
  flag,
  listOf,
  oneOrMore,
  optionsObject,
  orUnlimited,
  secret,
  text,
  texts,
} from '../values.ts'

/** Both ways to give a certificate: in files, which are watched, or as PEM. Which of them fit together is the listener's to say. */
type Certificate = Omit<CertificateFiles, 'cert' | 'key' | 'ocsp'> &
  Pick<CertificatePem, 'cert' | 'key' | 'ocsp'>

const certificate: OptionsSchema<Certificate> = {
  certFile: filePath,
  keyFile: filePath,
  ocspFile: filePath,
  cert: text,
  key: secret,
  // Bytes, which are no text.
  ocsp: undefined,
  passphrase: secret,
  names: texts,
}

const tlsOptions: OptionsSchema<TlsOptions> = {
  minVersion: choice('TLSv1.2', 'TLSv1.3'),
  dangerouslyAllowTls10And11: flag,
  ciphers: text,
  curves: text,
  preferServerCiphers: flag,
  clientCertificates: choice('off', 'request', 'require'),
  clientCa: oneOrMore(text),
  clientCaFile: filePath,
  sessionMs: duration,
  // Bytes, which are no text: `ticketKeysFile` has them.
  ticketKeys: undefined,
  ticketKeysFile: filePath,
  watchMs: orUnlimited(duration),
  onReload: undefined,
}

/** TLS of a listener: one certificate, or several by the names of servers. */
export const tlsListenOptions: Schema = either(
  optionsObject<TlsOptions & CertificatesOptions>(
    { ...tlsOptions, certificates: listOf(optionsObject<Certificate>(certificate), 1) },
    ['certificates'],
  ),
  optionsObject<TlsOptions & Certificate>({ ...tlsOptions, ...certificate }),
)
