import type { ServerCertificate } from '../../core/network.ts'
import { invalidOption, invalidSecret, OptionError } from '../../core/options.ts'
import { CertificateError } from './certificate-error.ts'
import type { MadeOfFiles } from './made-of-files.ts'
import { serverCertificate } from './server-certificate.ts'
import { SERVER_NAME } from './server-names.ts'

/** A certificate with its key: in files, which are watched, or as PEM text or bytes. */
export type CertificateOptions = CertificateFiles | CertificatePem

interface NamedCertificate {
  /** What the key is encrypted with. */
  passphrase?: string
  /** Names of servers that it is for; `*.` stands for one label. Default: those in the certificate. */
  names?: readonly string[]
}

export interface CertificateFiles extends NamedCertificate {
  /** PEM: the certificate, and behind it those between it and the authority. */
  certFile: string
  /** PEM. */
  keyFile: string
  /** What the authority says of it (OCSP), in DER: stapled where a client asks for it. */
  ocspFile?: string
  cert?: undefined
  key?: undefined
  ocsp?: undefined
}

export interface CertificatePem extends NamedCertificate {
  /** The certificate, and behind it those between it and the authority. */
  cert: string | Uint8Array
  key: string | Uint8Array
  /** What the authority says of it (OCSP), in DER: stapled where a client asks for it. */
  ocsp?: Uint8Array
  certFile?: undefined
  keyFile?: undefined
  ocspFile?: undefined
}

export const CERTIFICATE_OPTIONS: readonly (keyof CertificateFiles)[] = [
  'cert',
  'key',
  'ocsp',
  'certFile',
  'keyFile',
  'ocspFile',
  'passphrase',
  'names',
]

/** Checks a certificate that was given. One in files is looked at when the listener opens. */
export function certificateSource(
  owner: string,
  option: string,
  given: CertificateOptions,
): MadeOfFiles<ServerCertificate> {
  const { passphrase } = given
  if (passphrase !== undefined && typeof passphrase !== 'string')
    throw invalidSecret(owner, `${option}.passphrase`, 'a string', passphrase)
  const names = namesOf(owner, option, given.names)
  const { cert, key, ocsp, certFile, keyFile, ocspFile } = given
  if (certFile === undefined && keyFile === undefined && ocspFile === undefined) {
    const made = fromPem(owner, option, { cert, key, ocsp, passphrase }, names)
    return { files: [], make: () => made }
  }
  for (const [name, value] of Object.entries({ cert, key, ocsp }))
    if (value !== undefined)
      throw invalidSecret(owner, `${option}.${name}`, 'left out where files are given', value)
  const files = [
    filePath(owner, `${option}.certFile`, certFile),
    filePath(owner, `${option}.keyFile`, keyFile),
    ...(ocspFile === undefined ? [] : [filePath(owner, `${option}.ocspFile`, ocspFile)]),
  ]
  return {
    files,
    make: ([certPem, keyPem, response]) =>
      serverCertificate({ cert: certPem!, key: keyPem!, ocsp: response, passphrase, names }),
  }
}

export function filePath(owner: string, option: string, value: unknown): string {
  if (typeof value === 'string' && value !== '') return value
  throw invalidOption(owner, option, 'the path of a file', value)
}

export function isPem(value: unknown): value is string | Uint8Array {
  return typeof value === 'string' || value instanceof Uint8Array
}

function assertPem(
  owner: string,
  option: string,
  name: 'cert' | 'key',
  value: unknown,
): asserts value is string | Uint8Array {
  if (!isPem(value)) throw invalidSecret(owner, `${option}.${name}`, 'PEM, as text or bytes', value)
  if (typeof value === 'string' && !value.includes('-----BEGIN '))
    throw invalidSecret(
      owner,
      `${option}.${name}`,
      `PEM, as text or bytes ("${option}.${name}File" is for the path of a file)`,
      value,
    )
}

function fromPem(
  owner: string,
  option: string,
  { cert, key, ocsp, passphrase }: Record<'cert' | 'key' | 'ocsp' | 'passphrase', unknown>,
  names: readonly string[] | undefined,
): ServerCertificate {
  assertPem(owner, option, 'cert', cert)
  assertPem(owner, option, 'key', key)
  if (ocsp !== undefined && !(ocsp instanceof Uint8Array))
    throw invalidSecret(owner, `${option}.ocsp`, 'bytes', ocsp)
  try {
    return serverCertificate({ cert, key, passphrase: passphrase as string | undefined, ocsp, names })
  } catch (error) {
    if (!(error instanceof CertificateError)) throw error
    throw new OptionError(
      `${owner}: "${option}.cert" must be a certificate with its key, but ${error.message}`,
      `${option}.cert`,
    )
  }
}

function namesOf(owner: string, option: string, names: unknown): readonly string[] | undefined {
  if (names === undefined) return undefined
  const expected = 'a list of host names, such as ["example.com", "*.example.com"]'
  if (!Array.isArray(names) || names.length === 0)
    throw invalidOption(owner, `${option}.names`, expected, names)
  return names.map((name: unknown) => {
    if (typeof name !== 'string' || !SERVER_NAME.test(name))
      throw invalidOption(owner, `${option}.names`, expected, name)
    return name.toLowerCase()
  })
}
