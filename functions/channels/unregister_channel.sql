-- Take a channel away without a trace: its leases, topics, events, rules and triggers; and,
-- where no other channel uses the table, the replica identity and the publication are as they
-- were found.

create or replace function wedsync_realtime.unregister_channel(name text)
    returns void
    language plpgsql
    volatile
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_channel wedsync_realtime.channels;
begin
    select c.* into v_channel
    from wedsync_realtime.channels as c
    where c.name = unregister_channel.name
    for no key update;
    if not found then
        raise exception 'unknown channel %', quote_nullable(name)
            using errcode = 'invalid_parameter_value';
    end if;
    update wedsync_realtime.channels as c set is_enabled = false where c.id = v_channel.id;
    -- what takes long comes before the locks on the table
    delete from wedsync_realtime.events as e where e.channel_id = v_channel.id;
    delete from wedsync_realtime.dispatch_failures as f where f.channel_id = v_channel.id;
    perform wedsync_realtime.detach_channel(v_channel);
    delete from wedsync_realtime.channels as c where c.id = v_channel.id;
end
$$;

comment on function wedsync_realtime.unregister_channel(text) is
'Take a channel away with all that belongs to it.';
revoke execute on function wedsync_realtime.unregister_channel(text)
from public, anon, authenticated, service_role;
