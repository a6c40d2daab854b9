-- Name the sequence that is a channel's gate: it has a value while the channel may have topics.
-- A sequence, because a trigger reads one without a query, and because it changes at once, not at
-- commit: the gate is open before the first topic can be seen and is closed when there is none.

create or replace function wedsync_realtime.gate_name(channel_id smallint)
    returns text
    language plpgsql
    immutable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
begin
    return 'wedsync_realtime.gate_' || channel_id;
end
$$;

comment on function wedsync_realtime.gate_name(smallint) is
'Name of the sequence that has a value while a channel may have topics.';
revoke execute on function wedsync_realtime.gate_name(smallint)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.gate_name(smallint)
to wedsync_realtime_owner;
