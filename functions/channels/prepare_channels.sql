-- Get the channels, or one of them, ready to be attached, without a lock on their tables: take the
-- key of a table that has another one than the registry says, disable a channel whose table no
-- longer fits, note how its table was found, write its trigger functions.

create or replace function wedsync_realtime.prepare_channels(only_id smallint default null)
    returns void
    language plpgsql
    volatile
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_channel wedsync_realtime.channels;
    v_table regclass;
    v_problem text;
begin
    for v_channel in
        select c.* from wedsync_realtime.channels as c
        where c.id = coalesce(only_id, c.id) order by c.id
    loop
        v_table := wedsync_realtime.channel_table(v_channel);
        v_problem := wedsync_realtime.table_problem(v_channel);
        if v_problem is not null then
            if v_channel.is_enabled or v_channel.problem <> v_problem then
                update wedsync_realtime.channels as c
                set is_enabled = false, problem = v_problem where c.id = v_channel.id
                returning c.* into v_channel;
            end if;
            perform wedsync_realtime.compile_channel(v_channel) where v_table is not null;
            continue;
        end if;
        if not wedsync_realtime.is_key(v_table, v_channel.key_columns) then
            update wedsync_realtime.channels as c
            set key_columns = wedsync_realtime.key_columns(v_table) where c.id = v_channel.id
            returning c.* into v_channel;
        end if;
        if v_channel.found_published is null then
            perform wedsync_realtime.note_found(v_channel.id, v_table);
        end if;
        perform wedsync_realtime.compile_channel(v_channel);
    end loop;
end
$$;

comment on function wedsync_realtime.prepare_channels(smallint) is
'Get channels ready to be attached; locks no table of the application.';
revoke execute on function wedsync_realtime.prepare_channels(smallint)
from public, anon, authenticated, service_role;
