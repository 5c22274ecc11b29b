/** @import { AdminSnapshot } from '../../api.ts' */
import { Changes } from './dashboard/changes.js'
import { showConfigurationFailure } from './dashboard/configuration-failure.js'
import { Connection } from './dashboard/connection.js'
import { Failures } from './dashboard/failures.js'
import { Filters } from './dashboard/filters.js'
import { watchScrollers } from './dashboard/focusable-scrollers.js'
import { Listeners } from './dashboard/listeners.js'
import { TrafficMap } from './dashboard/map.js'
import { showMasthead } from './dashboard/masthead.js'
import { byId } from './dashboard/parts.js'
import { Polling } from './dashboard/polling.js'
import { Pools } from './dashboard/pools.js'
import { Routes } from './dashboard/routes.js'
import { SignIn } from './dashboard/sign-in.js'
import { Tap } from './dashboard/tap.js'
import { Traffic } from './dashboard/traffic.js'
import { Workers } from './dashboard/workers.js'

const connection = new Connection()
const changes = new Changes()
const traffic = new Traffic()
const map = new TrafficMap()
const listeners = new Listeners()
const workers = new Workers()
const pools = new Pools(() => polling.now())
const routes = new Routes()
const failures = new Failures()
const filters = new Filters()
const signIn = new SignIn(() => polling.now())
const polling = new Polling({ snapshot: show, failed, tokenWanted })
new Tap(tokenWanted)

/** @param {AdminSnapshot} snapshot */
function show(snapshot) {
  const { now } = snapshot.proxy
  signIn.done()
  if (connection.found()) changes.tell(now, 'ok', 'Connected again')
  showMasthead(snapshot.proxy)
  showConfigurationFailure(snapshot.proxy)
  changes.show(snapshot)
  traffic.show(snapshot.traffic)
  map.show(snapshot)
  listeners.show(snapshot.listeners, now)
  workers.show(snapshot.proxy.workers ?? [], now)
  pools.show(snapshot)
  routes.show(snapshot)
  failures.show(snapshot.failures)
  filters.show(snapshot.filters)
}

/**
 * @param {number} waitMs
 * @param {string} why
 */
function failed(waitMs, why) {
  if (connection.lost(waitMs, why)) changes.tell(Date.now(), 'bad', `Disconnected: ${why}`)
}

function tokenWanted() {
  connection.found()
  signIn.wanted()
}

byId('reconnect').addEventListener('click', () => polling.now())
watchScrollers()
polling.now()
