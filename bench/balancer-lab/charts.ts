import type { BalancerFigures } from 'gatewright/testing'
import type { Experiment } from '../balancer-lab.ts'
import { element, kindOf, logScale, milliseconds, picture, text } from './svg.ts'

const WIDTH = 760
const LEFT = 150
const RIGHT = 30

/** From the median to the 99.9th percentile of each balancer, on a logarithmic scale. */
export function latencyChart({ situation, found }: Experiment): string {
  const rows = Object.entries(found)
  const height = 84 + 24 * rows.length
  const all = rows.flatMap(([, { latency }]) => [latency.p50Ms, latency.p999Ms])
  const scale = logScale(Math.min(...all) * 0.8, Math.max(...all) * 1.25, LEFT, WIDTH - RIGHT)
  const bottom = height - 40
  return picture({ width: WIDTH, height, title: `${situation.title}: latency by balancer` }, [
    text(16, 24, `${situation.title}: latency`, { class: 'title' }),
    text(WIDTH - RIGHT, 24, 'hollow p50, filled p99, end p99.9', { class: 'small', 'text-anchor': 'end' }),
    ...scale.marks.map((mark) =>
      element(
        'g',
        {},
        element('line', { class: 'grid', x1: scale.at(mark), x2: scale.at(mark), y1: 36, y2: bottom }),
        text(scale.at(mark), bottom + 16, milliseconds(mark), { class: 'small', 'text-anchor': 'middle' }),
      ),
    ),
    ...rows.map(([balancer, { latency, errorRate }], i) => {
      const y = 52 + 24 * i
      const kind = kindOf(balancer)
      const end = scale.at(latency.p999Ms)
      const errors = errorRate < 0.0005 ? '' : `${(100 * errorRate).toFixed(1)} % errors`
      return element(
        'g',
        {},
        text(LEFT - 12, y + 4, balancer, { 'text-anchor': 'end' }),
        element('line', { class: `bar ${kind}`, x1: scale.at(latency.p50Ms), x2: end, y1: y, y2: y }),
        element('circle', {
          class: `dot hollow ${kind}`,
          cx: scale.at(latency.p50Ms),
          cy: y,
          r: 4,
          'stroke-width': 2,
        }),
        element('circle', { class: `dot ${kind}`, cx: scale.at(latency.p99Ms), cy: y, r: 5 }),
        ...(errors === ''
          ? []
          : [
              text((scale.at(latency.p50Ms) + end) / 2, y - 6, errors, {
                class: 'small',
                'text-anchor': 'middle',
              }),
            ]),
      )
    }),
    text(16, height - 8, 'blue: turns and chance; green: counts what is in flight; violet: hashes keys', {
      class: 'small',
    }),
  ])
}

const PANEL = { width: 230, height: 120, gap: 20 }
const TOP = 44

/** The 99th percentile second by second, one small panel for each balancer, all on the same scales. */
export function secondsChart({ situation, found }: Experiment): string {
  const rows = Object.entries(found)
  const values = rows.flatMap(([, { seconds }]) => seconds.flatMap(({ p99Ms }) => p99Ms ?? []))
  const lines = Math.ceil(rows.length / 3)
  const height = TOP + lines * (PANEL.height + PANEL.gap) + 20
  const title = `${situation.title}: p99 of those who came in each second`
  const longestMs = Math.max(...rows.map(([, { seconds }]) => 1_000 * seconds.length))
  const low = Math.min(...values) * 0.8
  const high = Math.max(...values) * 1.2
  return picture({ width: WIDTH, height, title }, [
    text(16, 24, title, { class: 'title' }),
    ...rows.map(([balancer, { seconds }], i) => {
      const left = 45 + (i % 3) * (PANEL.width + 12)
      const top = TOP + Math.floor(i / 3) * (PANEL.height + PANEL.gap)
      const bottom = top + PANEL.height - 16
      const scale = logScale(low, high, bottom, top + 14)
      const x = (ms: number): number => left + ((PANEL.width - 35) * ms) / longestMs
      const { spanMs } = situation
      return element(
        'g',
        {},
        text(left, top + 8, balancer),
        ...(spanMs === undefined
          ? []
          : [
              element('rect', {
                class: 'span',
                x: x(spanMs[0]),
                y: top + 14,
                // A moment is a thin line.
                width: Math.max(1.5, x(spanMs[1]) - x(spanMs[0])),
                height: bottom - top - 14,
              }),
            ]),
        ...scale.marks.map((mark) =>
          element(
            'g',
            {},
            element('line', {
              class: 'grid',
              x1: left,
              x2: x(longestMs),
              y1: scale.at(mark),
              y2: scale.at(mark),
            }),
            ...(i % 3 === 0
              ? [
                  text(left - 4, scale.at(mark) + 3, milliseconds(mark), {
                    class: 'small',
                    'text-anchor': 'end',
                  }),
                ]
              : []),
          ),
        ),
        element('polyline', { class: `line ${kindOf(balancer)}`, points: pointsOf(seconds, x, scale.at) }),
        text(x(longestMs), bottom + 12, `${longestMs / 1_000} s`, { class: 'small', 'text-anchor': 'end' }),
      )
    }),
    text(16, height - 8, 'grey: while it lasts, or the moment at which it happens', { class: 'small' }),
  ])
}

function pointsOf(
  seconds: BalancerFigures['seconds'],
  x: (ms: number) => number,
  y: (value: number) => number,
): string {
  return seconds
    .flatMap(({ atMs, p99Ms }) =>
      p99Ms === undefined ? [] : `${x(atMs + 500).toFixed(1)},${y(p99Ms).toFixed(1)}`,
    )
    .join(' ')
}
