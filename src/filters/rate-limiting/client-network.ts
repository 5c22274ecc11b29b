import { isIPv6 } from 'node:net'

/**
 * Whose address it is, as far as that can be told: an IPv4 address itself, also one that is written as IPv6 (`::ffff:`); of an
 * IPv6 address the first bits, since each household has a whole network of them. What is no address stays as it is.
 */
export function clientNetwork(address: string, ipv6Prefix: number): string {
  if (!address.includes(':') || !isIPv6(address)) return address
  const groups = ipv6Groups(address)
  if (groups.slice(0, 5).every((it) => it === 0) && groups[5] === 0xffff)
    return `${groups[6]! >> 8}.${groups[6]! & 255}.${groups[7]! >> 8}.${groups[7]! & 255}`
  const network: string[] = []
  for (let i = 0; i * 16 < ipv6Prefix; i++) {
    const bits = Math.min(16, ipv6Prefix - i * 16)
    network.push((groups[i]! & (0xffff << (16 - bits))).toString(16))
  }
  return `${network.join(':')}${network.length < 8 ? '::' : ''}/${ipv6Prefix}`
}

/** The eight groups of an address that is one. */
function ipv6Groups(address: string): number[] {
  const zone = address.indexOf('%')
  const plain = zone < 0 ? address : address.slice(0, zone)
  const gap = plain.indexOf('::')
  if (gap < 0) return groupsOf(plain)
  const head = groupsOf(plain.slice(0, gap))
  const tail = groupsOf(plain.slice(gap + 2))
  const zeros = Array.from({ length: 8 - head.length - tail.length }, () => 0)
  return [...head, ...zeros, ...tail]
}

function groupsOf(text: string): number[] {
  if (text === '') return []
  return text.split(':').flatMap((group) => {
    if (!group.includes('.')) return [Number.parseInt(group, 16)]
    const [a, b, c, d] = group.split('.').map(Number)
    return [a! * 256 + b!, c! * 256 + d!]
  })
}
