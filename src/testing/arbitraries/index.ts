export {
  type FaultSchedule,
  type FaultScheduleOptions,
  faultSchedules,
  type ScheduledFault,
} from './fault-schedules.ts'
export type { FieldLine } from './fields.ts'
export type { BodyFlaw, HeadFlaw } from './flaws.ts'
export type { GeneratedMessage } from './generated-message.ts'
export { injectAll, type TakesFaults } from './inject-all.ts'
export type { Malformed } from './malformed.ts'
export {
  type MalformedRequest,
  type MalformedRequestConstraints,
  malformedRequests,
  REQUEST_FLAWS,
  type RequestFlaw,
} from './malformed-requests.ts'
export {
  type MalformedResponse,
  type MalformedResponseConstraints,
  malformedResponses,
  RESPONSE_FLAWS,
  type ResponseFlaw,
} from './malformed-responses.ts'
export type { MessageConstraints } from './message-parts.ts'
export { type GeneratedRequest, type RequestConstraints, requests } from './requests.ts'
export {
  type GeneratedResponse,
  type InterimResponse,
  type ResponseConstraints,
  responses,
} from './responses.ts'
export { splits } from './splits.ts'
