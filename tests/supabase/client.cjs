// Calls with supabase-js what stdin asks for, one JSON object a line with as whom, and prints each
// answer. Who was there before goes on with the same client.
const { createInterface } = require('node:readline')
const { createClient } = require('@supabase/supabase-js')

function open({ url, key, token }) {
  return createClient(url, key, {
    realtime: { transport: require('ws') },
    ...(token ? { accessToken: async () => token } : {}),
  })
}

async function answer(supabase, { rpc, args, get, select, insert, row, remove }) {
  if (rpc) return supabase.rpc(rpc, args, { get })
  if (insert) return supabase.from(insert).insert(row)
  if (remove) return supabase.from(remove).delete().neq('channel_name', '')
  return supabase.from(select).select('*', { count: 'exact' }).order('id')
}

async function main() {
  const clients = new Map()
  for await (const line of createInterface({ input: process.stdin })) {
    const { as, ...request } = JSON.parse(line)
    if (!clients.has(as.id)) clients.set(as.id, open(as))
    const thrown = (cause) => ({ data: null, error: { message: String(cause) } })
    const { data, error, status, count } = await answer(clients.get(as.id), request).catch(thrown)
    console.log(JSON.stringify({ data, error, status, count }))
  }
}

main()
