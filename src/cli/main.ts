#!/usr/bin/env node
// The first thing that a Node of any age reads: nothing here that one of before cannot parse, and nothing imported before that.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
if (major > 22 || (major === 22 && minor >= 19)) {
  void import('./main-on-known-node.ts')
} else {
  console.error(
    `gatewright: this needs Node 22.19 or later, and ${process.execPath} is ${process.versions.node}: see https://nodejs.org`,
  )
  process.exitCode = 3
}
