-- Name the trigger of a channel for one verb on a table, by as much of the table's name as leaves
-- room for the rest: of letters that take up to four bytes, eight.

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
        left(relation, case when octet_length(left(relation, 30)) > 32 then 8 else 30 end),
        verb, channel_id
    );
end
$$;

comment on function wedsync_realtime.trigger_name(text, text, smallint) is
'Name of the trigger of a channel for one verb on a table.';
revoke execute on function wedsync_realtime.trigger_name(text, text, smallint)
from public, anon, authenticated, service_role;
