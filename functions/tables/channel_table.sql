-- Find a channel's table; by catalog, because to_regclass asks for rights on the schema.

create or replace function wedsync_realtime.channel_table(channel wedsync_realtime.channels)
    returns regclass
    language plpgsql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
begin
    return (
        select c.oid::regclass
        from pg_class as c
        inner join pg_namespace as n on n.oid = c.relnamespace
        where n.nspname = channel.schema_name and c.relname = channel.table_name
    );
end
$$;

comment on function wedsync_realtime.channel_table(wedsync_realtime.channels) is
'Table of a channel; null when there is none.';
revoke execute on function wedsync_realtime.channel_table(wedsync_realtime.channels)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.channel_table(wedsync_realtime.channels)
to wedsync_realtime_owner;
