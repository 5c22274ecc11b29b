export type { RunningWorkers, WorkerStatus } from './running-workers.ts'
export { startWorkers } from './start-workers.ts'
export type { Startable } from './startable.ts'
export type { WorkersOptions } from './workers-options.ts'
