-- Wake who sleeps: called by dispatch, for the tenants that it has recorded changes for, and where
-- leases end. Rings where the channel has a gate and its bell is hung out. The bell comes down, so
-- that the next writers need not ring: NOTIFY takes a lock of the whole database until the commit
-- is on disk. It stays where it is within 4 ms of the last ring, because whoever that has woken
-- looks again; not where a relay has hung it, which does so once it has looked.

create or replace function wedsync_realtime.ring_bell(channel_id smallint, tenants uuid[])
    returns void
    language plpgsql
    volatile
    security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_gate constant regclass := to_regclass(wedsync_realtime.gate_name(channel_id));
    v_value constant bigint := pg_sequence_last_value(v_gate);
    v_now constant bigint := floor(extract(epoch from clock_timestamp()) * 1000)::bigint;
begin
    if (
        v_value % 4 = 2 or v_value % 4 = 0 and v_now - v_value / 4 not between 0 and 3
    ) is not true then
        return;
    end if;
    perform setval(v_gate, 4 * v_now + 1);
    perform pg_notify('wedsync_realtime', c.name || ':' || t.tenant_id)
    from wedsync_realtime.channels as c
    inner join wedsync_realtime.topics as t on t.channel_id = c.id
    where c.id = ring_bell.channel_id and t.tenant_id = any (ring_bell.tenants)
    limit 100;
end
$$;

comment on function wedsync_realtime.ring_bell(smallint, uuid[]) is
'Wake those who sleep until something is recorded on a channel.';
revoke execute on function wedsync_realtime.ring_bell(smallint, uuid[])
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.ring_bell(smallint, uuid[])
to wedsync_realtime_owner;
