"""What a NATS server has to be told so that it serves the relay and its clients."""

from wedsync_realtime.relay.keys import Keys

# Accounts: clients and the stream live in APP, the relay alone is in SYS, where it is asked who a
# client is and may close connections. The time for a login is long, so that after a restart all
# clients may come at once; pings are frequent, so that a client that vanished is noticed soon. A
# control line holds the token. What one connection may subscribe to is limited here: the server
# does not heed what the relay says of that when it lets a user in.
_SERVER = """\
system_account: SYS
accounts {{
    APP {{
        jetstream: enabled
        users: [ {{ nkey: {keys.relay.public} }} ]
    }}
    SYS {{
        users: [ {{ nkey: {keys.system.public} }} ]
    }}
}}
authorization {{
    timeout: 60
    auth_callout {{
        issuer: {keys.issuer_public}
        account: SYS
        auth_users: [ {keys.relay.public}, {keys.system.public} ]
    }}
}}
max_control_line: 16KB
max_subscriptions: 100
ping_interval: "20s"
ping_max: 2
"""

# JSON strings are strings of this language too.
_EMBEDDED = """\
server_name: wedsync-realtime
listen: {listen}
ports_file_dir: {folder}
log_file: {log}
logfile_size_limit: 10MB
jetstream {{ store_dir: {folder} }}
websocket {{ listen: {websocket}, no_tls: true }}
"""


def server(keys: Keys) -> str:
    """Return the part of a server's configuration that is the relay's; it holds no secret."""
    return _SERVER.format(keys=keys)


def embedded(keys: Keys, folder: str, log: str, listen: str, websocket: str) -> str:
    """Return the configuration of a server of our own; what is text is a JSON string."""
    return server(keys) + _EMBEDDED.format(
        folder=folder, log=log, listen=listen, websocket=websocket
    )
