/** A key or a certificate that nothing can be done with. The message is one line that says which, and why. */
export class CertificateError extends Error {
  /** `ERR_CERTIFICATE_INVALID`, or the system's where a file could not be read: `ENOENT`. */
  readonly code: string

  constructor(message: string, code = 'ERR_CERTIFICATE_INVALID', options?: ErrorOptions) {
    super(message, options)
    this.name = 'CertificateError'
    this.code = code
  }
}
