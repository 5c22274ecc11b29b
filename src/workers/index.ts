export type { RunningWorkers, WorkerStatus } from './running-workers.ts'
export type { Startable } from './serve-as-worker.ts'
export { startWorkers } from './start-workers.ts'
export type { WorkersOptions } from './workers-options.ts'
