/** What is wrong with a file that was named. The message is for whoever wrote it. */
export class FileError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'FileError'
  }
}
