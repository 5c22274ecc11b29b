/** What is wrong with a command line. The message is one line for whoever wrote it. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'UsageError'
  }
}
