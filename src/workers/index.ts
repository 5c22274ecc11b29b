export type { RunningWorkers, WorkerStatus } from './running-workers.ts'
