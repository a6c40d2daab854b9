// Follows what a line `follow {…}` on stdin says, a JSON object, until a line `end`, and then what the next says.
// In between does what stdin asks for, one word a line. Its one argument: the client, and the folder of npm's modules.
// Prints one JSON object a line: each status, what it was asked for, and each rule that was broken.
import { createRequire } from 'node:module'
import { createInterface } from 'node:readline'
import { unreliable } from './unreliable.mjs'

const given = JSON.parse(process.argv[2])
const require = createRequire(`${given.modules}/`)
const print = (object) => console.log(JSON.stringify(object))

// minutes of back-off and pings in seconds; the limits of calls stay, because servers are no faster
const { setTimeout: realTimeout } = globalThis
const now = Date.now
let begun = now()
let speed = 1
globalThis.setTimeout = (act, wait, ...args) =>
  realTimeout(act, [10_000, 30_000].includes(wait) ? wait : wait / speed, ...args)
Date.now = () => begun + (now() - begun) * speed

const { fetch: realFetch } = globalThis
let over = new AbortController() // ends what is asked for one task
globalThis.fetch = (url, init) => {
  if (String(url).includes('subscribe')) print({ called: String(url), at: Date.now() })
  const signals = [over.signal, init?.signal].filter(Boolean)
  return realFetch(url, { ...init, signal: AbortSignal.any(signals) })
}

// what a page has
const events = new EventTarget()
globalThis.addEventListener = events.addEventListener.bind(events)
globalThis.removeEventListener = events.removeEventListener.bind(events)
globalThis.document = Object.assign(new EventTarget(), { hidden: false })

const { follow, ...transports } = await import(given.client)

/** Begin what a task says, and return what it may be asked for. */
async function begin(task) {
  ;[begun, speed, over, document.hidden] = [now(), task.speed, new AbortController(), false]
  const token = async () => task.tokens[renewals % task.tokens.length]
  let renewals = 0

  async function openTransport() {
    if (task.transport === 'postgrest') return transports.postgrest(`${task.url}/rest/v1`, token)
    if (task.transport === 'nats') return openNats()
    const { createClient } = require('@supabase/supabase-js')
    const realtime = { transport: require('ws'), vsn: task.vsn, timeout: task.timeout ?? 10_000 }
    client = createClient(task.url, task.key, { accessToken: token, realtime, global: { fetch: transports.lastingFetch } })
    return transports.supabase(client)
  }
  let client

  async function openNats() {
    globalThis.WebSocket = class extends require('ws') {
      constructor(...args) {
        super(...args)
        socket = this
      }
    }
    const { tokenAuthenticator, wsconnect } = require('@nats-io/nats-core')
    connection = await wsconnect({
      servers: task.websocket,
      authenticator: tokenAuthenticator(() => task.tokens[renewals % task.tokens.length]),
      name: task.connectionId,
      inboxPrefix: `_INBOX.${task.user}.${task.connectionId}`,
      maxReconnectAttempts: -1,
      ignoreAuthErrorAbort: true,
      waitOnFirstConnect: true,
      timeout: 5_000 * task.speed,
    })
    const network = task.seed === undefined ? connection : unreliable(connection, task.seed, faults, print)
    return transports.nats(network, task.user, task.connectionId)
  }
  let connection, socket
  const faults = { counts: {}, isOver: false }

  const rows = new Map()
  const counts = { readAll: 0, applied: 0 }
  let seen = new Set()
  let newest = new Map()
  let isStopped = false

  async function readAll() {
    counts.readAll++
    const headers = { Authorization: `Bearer ${await token()}` }
    const answer = await fetch(`${task.url}/rest/v1/${task.table}?select=*`, { headers })
    if (!answer.ok) throw Object.assign(new Error(await answer.text()), { name: 'ReadError' })
    rows.clear()
    for (const row of await answer.json()) rows.set(row.id, row)
    seen = new Set()
    newest = new Map()
  }

  function apply(change) {
    const isDelete = change.eventType === 'DELETE'
    const { id } = isDelete ? change.old : change.new
    counts.applied++
    if (isStopped) print({ broken: 'applied after the end', change })
    if (seen.has(change.id)) print({ broken: 'applied twice', change })
    if (newest.get(id) > change.id) print({ broken: 'applied out of order', change })
    if (task.fails?.includes(counts.applied)) throw task.error ?? Object.assign(new Error('no'), { name: 'ApplyError' })
    seen.add(change.id)
    newest.set(id, change.id)
    if (isDelete) rows.delete(id)
    else if (change.errors) rows.set(id, null)
    else rows.set(id, change.new)
  }

  function onStatus({ state, why }) {
    isStopped = state === 'stopped'
    print({ state, why })
  }

  const transport = await openTransport()
  const start = () =>
    follow(task.channel, task.filter, { transport, readAll, apply, onStatus, pollInterval: task.pollInterval })
  let follower = start()
  return {
    rows: () => print({ rows: [...rows.values()].sort((a, b) => (a.id < b.id ? -1 : 1)), ...counts }),
    wake: () => follower.wake(),
    again: () => (follower = start()),
    stop: async () => {
      await follower.stop()
      print({ stopped: true })
    },
    renew: async () => {
      renewals++
      await client?.realtime.setAuth()
      await connection?.reconnect()
    },
    cut: () => socket?.terminate(),
    count: () => print({ faults: faults.counts }),
    calm: () => {
      faults.isOver = true
      print({ faults: faults.counts })
    },
    storm: () => (faults.isOver = false),
    hide: () => (document.hidden = true),
    show: () => {
      document.hidden = false
      document.dispatchEvent(new Event('visibilitychange'))
    },
    end: async () => {
      over.abort()
      await Promise.allSettled([follower.stop(), client?.realtime.disconnect(), connection?.close()])
      print({ ended: true })
    },
  }
}

let acts = {}
for await (const line of createInterface({ input: process.stdin })) {
  const [word, ...rest] = line.split(' ')
  if (word === 'follow') acts = await begin(JSON.parse(rest.join(' ')))
  else if (acts[word]) await acts[word]()
  else events.dispatchEvent(new Event(word))
}
process.exit(0)
