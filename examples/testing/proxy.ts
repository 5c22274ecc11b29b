import { pathToFileURL } from 'node:url'
import { pool, proxy, type RoutedProxy } from 'gatewright'
import { limitPerHour } from './limit-per-hour.ts'
import { requireToken } from './require-token.ts'
import { retryOnce } from './retry-once.ts'

/** The proxy that is tested beside this file, and that is started. Made anew for each: its filters keep counts. */
export function gateway(): RoutedProxy {
  const orders = pool(['http://orders-1:8080', 'http://orders-2:8080', 'http://orders-3:8080'], {
    name: 'orders',
    connectMs: '1s',
  }).health({ path: '/healthz', intervalMs: '5s', timeoutMs: '1s', rise: 1, fall: 2 })
  return proxy()
    .listen(8080)
    .route('/orders', requireToken({ abc: 'ada', def: 'bob' }), limitPerHour(100), retryOnce, orders)
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await gateway().start()
