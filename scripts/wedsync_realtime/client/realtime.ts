// follow() keeps a copy of rows that follows the database. Printed by `wedsync-realtime client`.

// The channels of the database stand here.
export type ChannelName = keyof Channels
export type Operation = 'INSERT' | 'UPDATE' | 'DELETE'
type Awaitable<T> = T | PromiseLike<T>

/** Whose rows, and which changes of them. changed: an UPDATE only when one of these columns changed.
 * where: rows that meet all conditions, before or after the change. */
export type Filter<C extends ChannelName> = Channels[C]['filter'] & {
  operations?: Operation[]
  events?: Channels[C]['events'][]
  changed?: Channels[C]['columns'][]
  where?: { column: Channels[C]['columns']; op: Operator; value: unknown }[]
}
type Operator = 'eq' | 'neq' | 'lt' | 'lte' | 'gt' | 'gte' | 'in' | 'is'

/** A change of one row; event: what happened, in the language of the application. Row: as `supabase
 * gen types` writes it. errors `payload_too_large`: new and old hold the key alone, so read the row. */
export type Change<C extends ChannelName = ChannelName, Row extends object = Record<string, unknown>> = {
  id: number
  topic: string
  event: Channels[C]['events'] | Channels[C]['unnamed']
  schema: string
  table: Channels[C]['table']
  commit_timestamp: string
  changed: string[]
  errors?: string[]
  old: Partial<Row>
} & ({ eventType: 'INSERT' | 'UPDATE'; new: Row } | { eventType: 'DELETE'; new: Partial<Row> })

/** connecting: no copy yet. live: the copy follows. behind: it may be old, and catches up by itself.
 * stopped: by stop(), or for good. why: a refusal's code or another word; '' when live. */
export type Status = { state: 'connecting' | 'live' | 'behind' | 'stopped'; why: string; error?: unknown }

/** The copy, and how it is kept. pollInterval: milliseconds while nothing is pushed, by default 3,000. */
export interface Copy<C extends ChannelName, Row extends object> {
  transport: Transport
  /** Read all rows anew. */
  readAll(): Awaitable<unknown>
  /** Apply one change by its key. */
  apply(change: Change<C, Row>): Awaitable<unknown>
  onStatus?(status: Status): void
  pollInterval?: number
}

/** A way to call the database, and perhaps to be told of changes. */
export interface Transport {
  /** Name of the connection, where it has one; then it bears one follow() of a channel. */
  connectionId?: string
  /** Call a function; isLast: as the page goes away. Rejects with a refusal or another error. */
  call(name: string, args: object, isLast?: boolean): Promise<unknown>
  /** Listen until the function that is returned is called. */
  listen?(lease: Lease, filter: Filter<ChannelName>, listener: Listener): () => void
}

/** What a transport tells. wake: there is something to poll. down: nothing is pushed until it is up
 * again; isClosed: or until it is asked to listen again. */
export interface Listener {
  change(change: Change): void
  wake(): void
  up(): void
  down(why: string, isClosed?: boolean): void
}

/** A subscription, as subscribe answers it. subject: where NATS carries its events. */
export type Lease = { channel: string; topic: string; subject?: string; cursor: string }
type Subscribed = { pingInterval: number; subscriptions: [Lease] }
type Page = { events: Change[]; cursor: string; reason: string } &
  Record<'hasMore' | 'ready' | 'resyncRequired', boolean>
type Refusal = { code?: string; name?: string; status?: number; retryAfter?: number | null }

const LONGEST = 30_000 // milliseconds, of a call and between two tries
const SPREAD = 1_000 // many clients see the same gap
const UNCONFIRMED = 500 // changes that were pushed, until they are polled for
const TOO_MANY = 5_000 // of them, when the polls fail
const REMEMBERED = 10_000 // ids of changes
const FINAL = ['forbidden_channel', 'unknown_channel', 'filter_required']
const ENDED = ['subscription_expired', 'subscription_not_found']

/** Keep a copy of the rows of a channel. wake() catches up at once; stop() gives the subscription back. */
export function follow<C extends ChannelName, Row extends object = Record<string, unknown>>(
  channel: C,
  filter: Filter<C>,
  { transport, readAll, apply, onStatus, pollInterval = 3_000 }: Copy<C, Row>,
): { wake(): void; stop(): Promise<void> } {
  const random = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0'))
  const connection_id = transport.connectionId ?? random.join('') // a uuid: a copy is a subscription of its own
  const tab = globalThis.document as Document | undefined
  const over = new AbortController()
  let lease: Lease | undefined
  let cursor: string | undefined
  let pingInterval = 60_000
  let [hasCopy, hadCopy] = [false, false]
  let isSettled = false // it was live, or cannot be
  let isAway = false // in the browser's cache of pages, or gone
  let status: Status | undefined
  let [problem, asked] = ['subscribing', ''] // asked: which call is under way, or was refused
  let cause: unknown
  let failures = 0
  let due = 0 // when to poll
  let earliest = 0 // not before, after a failure
  let resume = () => {}
  let hush: (() => void) | undefined // ends the listening
  let silence = 'joining' // why nothing is pushed; '' when it is
  const pushed: Change[] = []
  const known = new Set<number>() // ids of changes that were dealt with
  const ahead = new Map<number, string>() // those that no poll has confirmed, with their rows
  let missed = new Set<number>() // those of them that one poll did not return
  let floor = 0 // ids up to here are the polls' business

  function wake(within = 0): void {
    due = Math.min(due, Date.now() + Math.random() * within)
    resume()
  }

  function retryNow(within?: number): void {
    failures = 0
    if (problem !== 'rate_limited') earliest = 0
    wake(within)
  }

  const isStopped = (): boolean => status?.state === 'stopped'
  const isOver = (): boolean => isAway || isStopped()

  function tell(stopped?: string): void {
    const why = stopped ?? (problem || (hasCopy ? (transport.listen ? silence : '') : 'reading'))
    isSettled ||= !why
    const state = stopped ? 'stopped' : !why ? 'live' : hadCopy && isSettled ? 'behind' : 'connecting'
    if (isStopped() || (status?.state === state && status.why === why)) return
    const told = (status = problem ? { state, why, error: cause } : { state, why })
    queueMicrotask(() => onStatus?.(told)) // what it throws stops nothing here
  }

  async function call<T>(name: string, args: object, isLast?: boolean): Promise<T> {
    let timer: ReturnType<typeof setTimeout> | undefined
    asked = name
    const late = new Promise<never>((_, reject) => (timer = setTimeout(reject, LONGEST, { code: 'timeout' })))
    return Promise.race([transport.call(name, args, isLast) as Promise<T>, late]).finally(() => clearTimeout(timer))
  }

  function forget(): void {
    hush?.()
    hush = lease = undefined
    silence = 'joining'
  }

  async function giveBack(isLast?: boolean): Promise<void> {
    const ended = lease
    forget()
    // whatever hinders it, the subscription ends by itself some minutes later
    if (ended) await call('unsubscribe', { channel: ended.channel }, isLast).catch(() => {})
  }

  function end(why: string): Promise<void> {
    over.abort()
    tell(why)
    resume()
    return giveBack()
  }

  async function subscribe(): Promise<Lease | undefined> {
    const answer = await call<Subscribed>('subscribe', { channels: [channel], filters: filter, connection_id })
    lease = answer.subscriptions[0]
    cursor ??= lease.cursor
    pingInterval = answer.pingInterval
    if (isOver()) await giveBack()
    return lease
  }

  function listen(at: Lease): void {
    hush = transport.listen?.(at, filter as Filter<ChannelName>, {
      change(change) {
        if (lease !== at) return
        pushed.push(change)
        resume()
      },
      wake: () => wake(SPREAD),
      up() {
        if (lease !== at) return
        retryNow(silence === 'joining' ? 0 : SPREAD)
        silence = 'joined'
      },
      down(why, isClosed) {
        if (lease !== at) return
        silence = why
        isSettled = true
        if (isClosed) hush = void hush?.()
        isClosed ? retryNow(pollInterval) : wake(pollInterval)
      },
    })
  }

  /** Deal with a change once: apply it, unless a newer one of its row was pushed before it. */
  async function take(change: Change, isPolled: boolean): Promise<void> {
    const { id } = change
    if (isPolled) {
      floor = Math.max(floor, id)
      ahead.delete(id)
    } else if (!known.has(id) && id <= floor) return wake(SPREAD)
    if (known.has(id)) return
    known.add(id)
    if (known.size > REMEMBERED) known.delete(known.values().next().value as number)
    if (!isPolled && ahead.size >= TOO_MANY) hasCopy = false
    if (!hasCopy) return
    const image: Record<string, unknown> = change.eventType === 'DELETE' ? change.old : change.new
    const row = JSON.stringify(keys[channel].map((column) => image[column]))
    const isOvertaken = [...ahead].some(([other, itsRow]) => other > id && itsRow === row)
    if (!isPolled) ahead.set(id, row)
    if (ahead.size >= UNCONFIRMED) wake()
    if (isOvertaken) return
    hasCopy = false // unless it succeeds
    await apply(change as unknown as Change<C, Row>)
    hasCopy = true
  }

  async function catchUp(at: Lease): Promise<void> {
    const isGone = (): boolean => lease !== at || isOver() // the page may have left and come back
    for (due = Infinity; ; ) {
      const page = await call<Page>('poll', { channel: at.channel, cursor, max_events: 500 })
      asked = '' // what apply and readAll throw is no refusal
      if (isGone()) return
      if (page.resyncRequired) {
        hasCopy = false
        problem = page.reason || 'resync'
        tell()
      }
      for (const change of page.events) {
        await take(change, true)
        if (isGone()) return
      }
      cursor = page.cursor
      if (page.hasMore) continue
      if (!hush) listen(at)
      if (hasCopy) return confirm()
      if (!page.ready) {
        problem = 'settling' // a writer that began before the subscription is not done
        return wake(pollInterval)
      }
      await readAll()
      if (isGone()) return
      // what it holds is newer than all that was seen
      for (const id of known) floor = Math.max(floor, id)
      for (const each of [known, ahead, missed]) each.clear()
      hasCopy = hadCopy = true
      problem = ''
      due = Infinity
    }
  }

  /** What was pushed so late that the copy held it already is not to come back from a poll. */
  function confirm(): void {
    if ([...ahead.keys()].some((id) => missed.has(id))) {
      hasCopy = false
      wake()
    }
    missed = new Set(ahead.keys())
  }

  function failed(error: unknown): void {
    const { code, name, status: http, retryAfter } = ((cause = error) ?? {}) as Refusal
    failures++
    problem = http === 401 ? 'unauthorized' : code || name || 'failed'
    const isInvalid = !!asked && problem === 'invalid_request'
    // subscribe finds fault with the filter; poll with a cursor, which may be of another history
    const isHopeless = isInvalid ? asked === 'subscribe' || failures > 2 : problem === 'unauthorized' && failures > 5
    if (isHopeless || (asked && FINAL.includes(problem))) return void end(problem)
    const hasEnded = !!asked && ENDED.includes(problem)
    if (hasEnded || isInvalid) forget()
    if (isInvalid) [cursor, hasCopy] = [undefined, false]
    const backOff = hasEnded && failures === 1 ? 0 : Math.min(LONGEST, 500 * 2 ** failures)
    const wait = problem === 'rate_limited' ? (retryAfter ?? 0) * 1_000 : 0 // a place may be free sooner
    earliest = Date.now() + wait + Math.random() * backOff
    due = Math.min(due, earliest)
  }

  async function run(): Promise<void> {
    while (!isStopped()) {
      tell()
      try {
        if (!isAway && Date.now() >= Math.max(due, earliest)) {
          const at = lease ?? (await subscribe())
          const isUp = silence === 'joined'
          if (at && !isOver()) await catchUp(at)
          if (isUp && silence === 'joined') silence = ''
          failures = 0
          if (hasCopy) problem = ''
        }
        for (let change; (change = pushed.shift()); ) if (hasCopy && !isOver()) await take(change, false)
        const isQuiet = (transport.listen && !silence) || tab?.hidden
        due = Math.min(due, Date.now() + (isQuiet ? pingInterval : pollInterval))
      } catch (error) {
        if (!isOver()) failed(error)
        asked = ''
      }
      tell()
      if (!isStopped()) await idle()
    }
  }

  function idle(): Promise<void> {
    const wait = isAway ? Infinity : Math.max(due, earliest) - Date.now()
    return new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, Math.max(0, Math.min(wait, 2 ** 31 - 1)))
      resume = () => (clearTimeout(timer), resolve())
    })
  }

  function on(target: Partial<EventTarget> | undefined, event: string, act: () => void): void {
    target?.addEventListener?.(event, act, { signal: over.signal }) // Node has no page
  }
  on(tab, 'visibilitychange', () => tab?.hidden || retryNow())
  on(globalThis, 'online', () => retryNow())
  on(globalThis, 'pagehide', () => void ((isAway = true), giveBack(true)))
  on(globalThis, 'pageshow', () => ((isAway = false), retryNow()))
  void run()
  return { wake: () => retryNow(), stop: () => end('stopped') }
}

/** Poll alone, against PostgREST. url: as https://example.com/rest/v1. token: the user's JWT. more: headers. */
export function postgrest(url: string, token: () => Awaitable<string>, more?: Record<string, string>): Transport {
  return {
    async call(name, args, keepalive = false) {
      const headers = { ...more, 'Content-Type': 'application/json', Authorization: `Bearer ${await token()}` }
      const sent: RequestInit = { method: 'POST', headers, body: JSON.stringify(args), keepalive }
      const answer = await fetch(`${url}/rpc/realtime_${name}`, sent)
      const body: unknown = await answer.json()
      if (!answer.ok) throw Object.assign({}, body, { status: answer.status })
      return body
    },
  }
}

interface SupabaseChannel {
  on(type: 'broadcast', of: { event: '*' }, act: (message: { payload: object }) => void): unknown
  on(type: 'system', of: {}, act: (message: { status?: string }) => void): unknown
  subscribe(act: (state: string) => void): unknown
}

/** What is used of a client of supabase-js. */
export interface SupabaseLike<Channel> {
  rpc(name: string, args: object): PromiseLike<{ data: unknown; error: unknown; status: number }>
  channel(topic: string, params: { config: { private: boolean } }): Channel
  removeChannel(channel: Channel): Promise<unknown>
  realtime: { setAuth(): Promise<void> }
}

/** Supabase: calls by PostgREST, changes by private broadcast. Make one for each client. */
export function supabase<Channel extends SupabaseChannel>(client: SupabaseLike<Channel>): Transport {
  type Topic = { listeners: Set<Listener>; isUp: boolean; leave(): void }
  const topics = new Map<string, Topic>()
  let left: Promise<unknown> = Promise.resolve() // a topic is left before it is joined again

  function join(name: string): Topic {
    let channel: Channel | undefined
    const listeners = new Set<Listener>()
    const topic: Topic = { listeners, isUp: false, leave }
    topics.set(name, topic)
    function leave(): void {
      topics.delete(name)
      listeners.clear()
      left = left.then(() => channel && client.removeChannel(channel)).catch(() => {})
    }
    function heard(state: string): void {
      topic.isUp = state === 'SUBSCRIBED'
      const isClosed = state === 'CLOSED' || state === 'TIMED_OUT'
      const told = [...listeners]
      if (isClosed && topics.get(name) === topic) leave()
      for (const each of told) topic.isUp ? each.up() : each.down(state.toLowerCase(), isClosed)
    }
    async function open(): Promise<void> {
      await left
      await client.realtime.setAuth()
      if (!listeners.size) return
      channel = client.channel(name, { config: { private: true } })
      channel.on('broadcast', { event: '*' }, ({ payload }) => {
        for (const each of listeners) 'eventType' in payload ? each.change(payload as Change) : each.wake()
      })
      channel.on('system', {}, ({ status }) => status === 'error' && listeners.forEach((each) => each.wake()))
      channel.subscribe(heard)
    }
    open().catch(() => heard('CLOSED'))
    return topic
  }
  return {
    async call(name, args) {
      const { data, error, status } = await client.rpc(`realtime_${name}`, args)
      if (error) throw Object.assign({}, error, { status })
      return data
    },
    listen({ topic: name }, filter, listener) {
      const topic = topics.get(name) ?? join(name)
      const own: Listener = { ...listener, change: (change) => sift(filter, change, listener) }
      topic.listeners.add(own)
      if (topic.isUp) listener.up()
      return () => void (topic.listeners.delete(own) && (topic.listeners.size || topic.leave()))
    },
  }
}

/** A topic carries all its changes: pass on what fits. Values are compared in the database alone. */
function sift({ operations, events, changed, where }: Filter<ChannelName>, change: Change, to: Listener): void {
  if (operations && !operations.includes(change.eventType)) return
  if (events && !(events as string[]).includes(change.event)) return
  if (changed && change.eventType === 'UPDATE' && !changed.some((each) => change.changed.includes(each))) return
  where ? to.wake() : to.change(change)
}

/** For the option `global.fetch` of createClient: ends subscriptions although the page goes away. */
export const lastingFetch: typeof fetch = (input, init) =>
  fetch(input, { ...init, keepalive: String(input).endsWith('/rpc/realtime_unsubscribe') })

type NatsMessage = { headers?: { get(name: string): string }; json(): unknown }
type NatsSubscription = { unsubscribe(): void; isClosed(): boolean }

/** What is used of a connection of @nats-io/nats-core. */
export interface NatsLike {
  request(subject: string, payload: string, options: { timeout: number }): Promise<NatsMessage>
  subscribe(subject: string, to: { callback(error: Error | null, message: NatsMessage): void }): NatsSubscription
  flush(): Promise<void>
  reconnect(): Promise<void>
  status(): AsyncIterable<{ type: string }>
}

/** NATS: calls and changes over one connection. user: its id. connectionId: a uuid, its name. */
export function nats(connection: NatsLike, user: string, connectionId: string): Transport {
  const listeners = new Map<Listener, () => void>() // with what opens them anew
  const calls = new Set<(reason: Refusal) => void>() // what fails them
  async function watch(): Promise<void> {
    for await (const { type } of connection.status()) {
      // what was sent is lost, and so is what waited to be sent when it is dialled again
      if (type === 'disconnect' || type === 'reconnecting') for (const fail of calls) fail({ code: 'disconnected' })
      for (const [each, open] of listeners) {
        if (type === 'disconnect') each.down('disconnected')
        if (type === 'reconnect') open()
      }
    }
    for (const each of listeners.keys()) each.down('closed', true)
  }
  void watch()
  return {
    connectionId,
    async call(name, args) {
      let fail = (_: Refusal): void => {}
      const lost = new Promise<never>((_, reject) => calls.add((fail = reject)))
      const asked = connection.request(`wedsync.rpc.${user}.${name}`, JSON.stringify(args), { timeout: LONGEST })
      const reply = await Promise.race([asked, lost]).finally(() => calls.delete(fail))
      const answer = reply.json() as Refusal
      if (answer.code) throw answer
      return answer
    },
    listen({ subject = '' }, _filter, listener) {
      let at: NatsSubscription | undefined
      let mayLogIn = true // a login grants what was subscribed to before it
      function open(): void {
        if (!at || at.isClosed()) at = connection.subscribe(subject, { callback: heard })
        connection.flush().then(() => at?.isClosed() || listener.up(), () => {})
      }
      function heard(error: Error | null, message: NatsMessage): void {
        if (!listeners.has(listener)) return
        if (error && mayLogIn) connection.reconnect().catch(() => {})
        else if (error) listener.down('refused', true)
        else if (message.headers?.get('Wedsync-Control')) listener.wake()
        else listener.change(message.json() as Change)
        mayLogIn &&= !error
      }
      listeners.set(listener, open)
      open()
      return () => {
        listeners.delete(listener)
        at?.unsubscribe()
      }
    },
  }
}
