import { type HeaderList, listHasToken } from './headers.ts'

/** Says that a response depends on a field of the request (RFC 9110 section 12.5.5), unless that is said already. */
export function addVary(headers: HeaderList, name: string): void {
  const vary = headers.get('vary')
  if (vary === undefined || !(listHasToken(vary, name.toLowerCase()) || listHasToken(vary, '*')))
    headers.append('Vary', name)
}
