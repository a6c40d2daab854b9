-- Open the gates of channels that get topics, before anybody can see these: at once, not at commit.
-- After the rows are there, because who closes a gate waits for no such writer.

create or replace function wedsync_realtime.open_gates()
    returns trigger
    language plpgsql
    volatile
    security definer
    set search_path = pg_catalog, pg_temp
as $$
begin
    perform setval(g.gate, 1)
    from (
        select distinct wedsync_realtime.gate_name(n.channel_id)::regclass as gate
        from new_rows as n
    ) as g
    where pg_sequence_last_value(g.gate) is null;
    return null;
end
$$;

comment on function wedsync_realtime.open_gates() is
'Trigger: open the gates of channels that get topics.';
revoke execute on function wedsync_realtime.open_gates()
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.open_gates()
to wedsync_realtime_owner;
