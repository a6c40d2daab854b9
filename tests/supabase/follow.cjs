// Keeps the copy that docs/clients.md shows of a supplier's form responses, and prints what it is asked for.
const { createInterface } = require('node:readline')
const { createClient } = require('@supabase/supabase-js')
const [module_, url, key, token, supplier] = process.argv.slice(2)
const { follow } = require(module_)

const supabase = createClient(url, key, {
  realtime: { transport: require('ws') },
  accessToken: async () => token,
})
const rows = new Map()

const copy = {
  async readAll() {
    const { data } = await supabase.from('form_responses').select('*')
    rows.clear()
    for (const row of data) rows.set(row.id, row)
  },
  apply(change) {
    if (change.eventType === 'DELETE') rows.delete(change.old.id)
    else rows.set(change.new.id, change.new)
  },
}

async function main() {
  const { wake, stop } = await follow(supabase, supplier, copy)
  console.log(JSON.stringify([...rows.values()].map((row) => row.form_name).sort()))
  for await (const _ of createInterface({ input: process.stdin })) {
    await wake()
    console.log(JSON.stringify([...rows.values()].map((row) => row.form_name).sort()))
  }
  await stop()
  process.exit(0)
}

main()
