/** What stands in the place of a secret. In a request of a recording it fits anything. */
export const REDACTED = 'REDACTED'
