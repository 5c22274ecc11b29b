/** What came is no PROXY protocol header. */
export class ProxyHeaderFault extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'ProxyHeaderFault'
  }
}
