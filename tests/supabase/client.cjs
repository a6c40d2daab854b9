// Calls with supabase-js what stdin asks for, one JSON object a line, and prints each answer.
const { createInterface } = require('node:readline')
const { createClient } = require('@supabase/supabase-js')

const [url, key, token] = process.argv.slice(2)
const supabase = createClient(url, key, {
  realtime: { transport: require('ws') },
  ...(token ? { accessToken: async () => token } : {}),
})

async function answer({ rpc, args, get, select, insert, row, remove }) {
  if (rpc) return supabase.rpc(rpc, args, { get })
  if (insert) return supabase.from(insert).insert(row)
  if (remove) return supabase.from(remove).delete().neq('channel_name', '')
  return supabase.from(select).select('*', { count: 'exact' }).order('id')
}

async function main() {
  for await (const line of createInterface({ input: process.stdin })) {
    const { data, error, status, count } = await answer(JSON.parse(line))
    console.log(JSON.stringify({ data, error, status, count }))
  }
}

main()
