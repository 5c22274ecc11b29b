/** Runs a program as its reader would, then ends it as Ctrl-C does if it serves: it must come to its end by itself. */
await import(process.argv[2]!)
if (process.listenerCount('SIGTERM') > 0) process.kill(process.pid, 'SIGTERM')
