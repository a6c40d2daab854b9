-- Find the topic of a channel and tenant, or make it, and keep it from going cold until commit.
-- An old topic finds its gate closed in a restored database, where no trigger has opened it:
-- set_gates tells the clients what that means.

create or replace function wedsync_realtime.heat_topic(channel_id smallint, tenant_id uuid)
    returns bigint
    language plpgsql
    volatile
    security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_topic bigint;
    v_gate constant regclass := wedsync_realtime.gate_name(channel_id)::regclass;
begin
    loop
        select t.id into v_topic
        from wedsync_realtime.topics as t
        where t.channel_id = heat_topic.channel_id and t.tenant_id = heat_topic.tenant_id
        for key share;
        exit when found;
        insert into wedsync_realtime.topics (channel_id, tenant_id)
        values (heat_topic.channel_id, heat_topic.tenant_id)
        on conflict do nothing
        returning id into v_topic;
        exit when found;
    end loop;
    if pg_sequence_last_value(v_gate) is null then
        perform wedsync_realtime.set_gates();
    end if;
    return v_topic;
end
$$;

comment on function wedsync_realtime.heat_topic(smallint, uuid) is
'Topic of a channel and tenant, hot until commit at least.';
revoke execute on function wedsync_realtime.heat_topic(smallint, uuid)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.heat_topic(smallint, uuid)
to wedsync_realtime_owner;
