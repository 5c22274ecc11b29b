/** Something in a source file that pages cannot be made of. */
export class UnreadableSource extends Error {
  constructor(file: string, line: number, why: string) {
    super(`${file}:${line}: ${why}`)
    this.name = 'UnreadableSource'
  }
}
