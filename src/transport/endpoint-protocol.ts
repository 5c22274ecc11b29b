/** What is spoken to endpoints: HTTP, of whichever version, or bytes alone. */
export type EndpointProtocol = 'http' | 'tcp'
