import { log } from '../src/core/log.ts'

// Pools and proxies tell of all that happens to them. In a run of tests, that is noise.
log.level = 'warn'
