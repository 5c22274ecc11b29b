import type { Filter } from '../../core/handler.ts'
import type { NamedPart } from '../part.ts'

export const grpcWebPart: NamedPart<Filter> = {
  schema: {},
  required: [],
  load: async () => (await import('../../filters/grpc-web.ts')).grpcWeb,
}
