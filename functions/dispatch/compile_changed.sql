-- Compile anew what a change concerns: the channel of a row of the registry or of a rule, or all
-- channels where settings changed.

create or replace function wedsync_realtime.compile_changed()
    returns trigger
    language plpgsql
    volatile
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_rows constant jsonb := jsonb_build_array(to_jsonb(old), to_jsonb(new));
begin
    perform wedsync_realtime.compile_channel(c)
    from wedsync_realtime.channels as c
    where
        (
            tg_level = 'STATEMENT'
            or c.id::text in (
                select coalesce(r.value ->> 'channel_id', r.value ->> 'id')
                from jsonb_array_elements(v_rows) as r
            )
        )
        and wedsync_realtime.channel_table(c) is not null;
    return null;
end
$$;

comment on function wedsync_realtime.compile_changed() is
'Trigger: compile the channel of a row anew, or all channels.';
revoke execute on function wedsync_realtime.compile_changed()
from public, anon, authenticated, service_role;
