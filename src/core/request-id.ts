import { type Attribute, attribute } from './attribute.ts'

/** The id that `requestId` has given the request. */
export const currentRequestId: Attribute<string> = attribute<string>('requestId')
