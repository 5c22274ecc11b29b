import { MESSAGE_BYTES } from './websocket-echo.ts'

/** One request, sent over and over through every proxy. */
export interface LoadScenario {
  kind: 'load'
  id: string
  title: string
  method: 'GET' | 'POST'
  path: string
  /** Header fields beyond `Host`, which the load generator writes itself. */
  headers: Record<string, string>
  requestBytes: number
  /** Bytes of body that each response must carry; a run that got fewer is reported as a problem. */
  responseBytes: number
  connections: number
  /** Which side of the proxy speaks HTTP/2, in clear text; the other one HTTP/1.1. Default: none. */
  http2?: 'client' | 'upstream'
  /** Whether messages of WebSockets are echoed, in place of requests that are answered. */
  websocket?: boolean
  /** Whether the answers are stored, and come from there: only those that have a cache are measured, and one that has none. */
  cache?: boolean
  /** Requests of one connection at a time, over HTTP/2. */
  streams?: number
  /** Who answers behind the proxy; see origin.ts. */
  origin: 'nginx' | 'nginx-h2' | 'sink'
  /** Whether clients come by HTTPS. Of the proxies, only those that speak TLS themselves are measured. */
  tls: boolean
}

/** Connections that have served one request each and then stay open. */
export interface IdleScenario {
  kind: 'idle'
  id: string
  title: string
  connections: number
}

export type Scenario = LoadScenario | IdleScenario

const KIB = 1024
const FEW_HEADERS = { 'User-Agent': 'gatewright-bench', Accept: '*/*' }

/** What Chrome sends over HTTP/1.1 for a page; with `Host` these are 15 fields. */
const BROWSER_HEADERS = {
  Connection: 'keep-alive',
  'Cache-Control': 'max-age=0',
  'sec-ch-ua': '"Chromium";v="142", "Google Chrome";v="142", "Not_A Brand";v="99"',
  'sec-ch-ua-mobile': '?0',
  'sec-ch-ua-platform': '"Linux"',
  'Upgrade-Insecure-Requests': '1',
  'User-Agent':
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36',
  Accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8',
  'Sec-Fetch-Site': 'same-origin',
  'Sec-Fetch-Mode': 'navigate',
  'Sec-Fetch-Dest': 'document',
  'Accept-Encoding': 'gzip, deflate, br, zstd',
  'Accept-Language': 'en-GB,en;q=0.9,de;q=0.8',
  Cookie: 'session=9f8e7d6c5b4a39281706f5e4d3c2b1a0; theme=dark; consent=1',
}

const get1k: LoadScenario = {
  kind: 'load',
  id: 'get-1k',
  title: 'GET 1 KiB, 3 request headers',
  method: 'GET',
  path: '/1k',
  headers: FEW_HEADERS,
  requestBytes: 0,
  responseBytes: KIB,
  connections: 64,
  origin: 'nginx',
  tls: false,
}

export const scenarios: readonly Scenario[] = [
  get1k,
  { ...get1k, id: 'get-1k-browser', title: 'GET 1 KiB, 15 browser headers', headers: BROWSER_HEADERS },
  { ...get1k, id: 'https-get-1k', title: 'HTTPS GET 1 KiB, 3 request headers', tls: true },
  { ...get1k, id: 'get-64k', title: 'GET 64 KiB', path: '/64k', responseBytes: 64 * KIB },
  { ...get1k, id: 'get-1m', title: 'GET 1 MiB', path: '/1m', responseBytes: 1024 * KIB },
  {
    ...get1k,
    id: 'cache-hit-1k',
    title: 'GET 1 KiB that a cache has stored, 3 request headers',
    cache: true,
  },
  {
    ...get1k,
    id: 'post-64k',
    title: 'POST 64 KiB',
    method: 'POST',
    path: '/sink',
    headers: { ...FEW_HEADERS, 'Content-Type': 'application/octet-stream' },
    requestBytes: 64 * KIB,
    responseBytes: 2,
    origin: 'sink',
  },
  {
    ...get1k,
    id: 'new-connection',
    title: 'GET 1 KiB, a new connection for each request',
    headers: { ...FEW_HEADERS, Connection: 'close' },
    // nginx writes `Connection: keep-alive`; @fastify/http-proxy passes that on to the client and closes nevertheless,
    // so that every second request fails. The sink writes no Connection field, and all can be compared.
    origin: 'sink',
  },
  {
    ...get1k,
    id: 'h2-get-1k',
    title: 'GET 1 KiB over HTTP/2, 8 connections of 16 streams',
    http2: 'client',
    connections: 8,
    streams: 16,
  },
  {
    ...get1k,
    id: 'h2c-upstream',
    title: 'GET 1 KiB, HTTP/2 to the service',
    http2: 'upstream',
    origin: 'nginx-h2',
  },
  {
    ...get1k,
    id: 'websocket-echo',
    title: 'WebSocket messages of 100 bytes, echoed',
    path: '/websocket',
    responseBytes: MESSAGE_BYTES,
    websocket: true,
    origin: 'sink',
  },
  { kind: 'idle', id: 'idle-1000', title: '1 000 idle keep-alive connections', connections: 1_000 },
  { kind: 'idle', id: 'idle-10000', title: '10 000 idle keep-alive connections', connections: 10_000 },
]
