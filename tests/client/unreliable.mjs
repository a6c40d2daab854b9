// A connection of NATS on which messages and calls get lost, come twice, late or out of order.

const MESSAGES = { dropped: 0.02, doubled: 0.02, delayed: 0.02, reordered: 0.02 }
const CALLS = { 'request lost': 0.03, 'answer lost': 0.03, 'answered late': 0.03 }

// mulberry32: the same choices for the same seed
function generator(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

/** connection: the real one. faults: their counts by name, and whether they are over. print: tells what is wrong. */
export function unreliable(connection, seed, faults, print) {
  const random = generator(seed)
  const held = []
  let last

  function choose(shares) {
    let point = random()
    for (const [fault, share] of Object.entries(shares)) {
      point -= share
      if (point >= 0 || faults.isOver) continue
      faults.counts[fault] = (faults.counts[fault] ?? 0) + 1
      return fault
    }
    return undefined
  }

  return {
    flush: () => connection.flush(),
    reconnect: () => connection.reconnect(),
    status: () => connection.status(),
    async request(...args) {
      const fault = choose(CALLS)
      if (fault === 'request lost') throw new Error(fault)
      const answer = await connection.request(...args)
      if (fault === 'answer lost') throw new Error(fault)
      if (fault) await new Promise((resolve) => setTimeout(resolve, 5_000))
      return answer
    },
    subscribe(subject, { callback }) {
      function heard(error, message) {
        if (error) return callback(error, message)
        const fault = choose(MESSAGES)
        const pass = () => callback(null, message)
        if (fault === 'delayed') setTimeout(pass, random() * 20_000)
        else if (fault === 'reordered') held.push(pass)
        else if (fault !== 'dropped') {
          pass()
          if (fault === 'doubled') pass()
          while (held.length) held.pop()()
        }
      }
      if (last && !last.isClosed()) print({ broken: 'listens twice', subject })
      return (last = connection.subscribe(subject, { callback: heard }))
    },
  }
}
