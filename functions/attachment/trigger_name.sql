-- Name the trigger of a channel for one verb on a table, by as much of the table's name as leaves
-- room for the rest: that takes 30 of the 63 bytes of a name, which a cast cuts between characters.

create or replace function wedsync_realtime.trigger_name(
    relation   text,
    verb       text,
    channel_id smallint
)
    returns text
    language plpgsql
    immutable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
begin
    return format(
        '%s_after_%s_dispatch_%s',
        left(substr((repeat('-', 30) || relation)::name::text, 31), 30), verb, channel_id
    );
end
$$;

comment on function wedsync_realtime.trigger_name(text, text, smallint) is
'Name of the trigger of a channel for one verb on a table.';
revoke execute on function wedsync_realtime.trigger_name(text, text, smallint)
from public, anon, authenticated, service_role;
