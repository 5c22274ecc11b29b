/** What the process ends with. */
export const EXIT = {
  ok: 0,
  /** The configuration is wrong; of `diff`: the two differ. */
  no: 1,
  /** The command line is wrong; of `diff`: also a configuration. */
  usage: 2,
  /** What was asked for is right, and cannot be done here: a port is in use. */
  cannot: 3,
} as const
