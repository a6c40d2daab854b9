import { tokenAuthenticator, wsconnect } from '@nats-io/nats-core'
import { follow, nats, type Status, type Transport } from './realtime'

export interface Wedding {
  wedding_date: string | null
  venue: string | null
  details: Record<string, string> | null
}

/** Connect a user to the relay's WebSocket. token: asked for at every login. */
export async function connectToRelay(server: string, user: string, token: () => string) {
  const connectionId = crypto.randomUUID()
  const connection = await wsconnect({
    servers: server,
    name: connectionId,
    authenticator: tokenAuthenticator(token),
    inboxPrefix: `_INBOX.${user}.${connectionId}`,
    maxReconnectAttempts: -1,
    ignoreAuthErrorAbort: true, // a token that has expired is followed by another
    timeout: 5_000, // nats-core does not see that a login is turned away, and waits until then
  })
  return nats(connection, user, connectionId)
}

/** Follow a couple's wedding, as a supplier who works for them. read: the rows that there are now. */
export function followWedding(
  transport: Transport,
  couple: string,
  read: () => Promise<Wedding[]>,
  show: (wedding: Wedding | undefined) => void,
  tell: (status: Status) => void,
) {
  return follow<'wedding-details', Wedding>('wedding-details', { wedding_id: couple }, {
    transport,
    async readAll() {
      show((await read())[0])
    },
    apply(change) {
      show(change.eventType === 'DELETE' ? undefined : change.new)
    },
    onStatus(status) {
      if (status.state === 'stopped') show(undefined) // it is not theirs any more
      tell(status)
    },
  })
}
