/** How things stand with the files that a proxy was made of. */
export interface ConfigurationStatus {
  /** All that were read: includes, secrets and modules too. Absolute paths. */
  readonly files: readonly string[]
  /** When what is served was read: milliseconds since 1970 UTC. */
  readonly loadedAt: number
  /** How often something else was served from then on. */
  readonly reloads: number
  /** Why the files, as they are now, are not what is served; `undefined` where they are. */
  readonly failure: ConfigurationFailure | undefined
}

export interface ConfigurationFailure {
  /** When it was found: milliseconds since 1970 UTC. */
  readonly at: number
  /** One line for each thing that is wrong, with its place. */
  readonly message: string
}

/** What a proxy was made of, for whoever wants it read again. */
export interface ConfigurationControl {
  readonly status: ConfigurationStatus
  /** Reads all files again, and serves what they say. Rejects where that cannot be; then what was served goes on. */
  reload(): Promise<void>
}
