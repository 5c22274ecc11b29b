import { GRPC_STATUS } from '../../../core/grpc-status.ts'
import type { Schema } from '../schema.ts'
import { choice } from '../values.ts'

/** A status of gRPC that is no success. */
export const grpcFailure: Schema = choice(...Object.keys(GRPC_STATUS).filter((name) => name !== 'OK'))
