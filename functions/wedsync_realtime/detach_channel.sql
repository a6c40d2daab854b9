-- Detach a channel from its table: its triggers and, unless another channel uses the table, the
-- replica identity and the publication as attach_channel found them.

create or replace function wedsync_realtime.detach_channel(channel wedsync_realtime.channels)
    returns void
    language plpgsql
    volatile
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
-- identifiers come from the catalog: @plpgsql_check_options: security_warnings = off
declare
    v_table regclass := wedsync_realtime.channel_table(channel);
    v_trigger record;
    v_operation text;
    v_part regclass;
begin
    if v_table is null then
        return;
    end if;
    for v_trigger in
        select t.tgname, t.tgrelid::regclass as relation
        from pg_trigger as t
        inner join pg_proc as p on p.oid = t.tgfoid
        where
            p.pronamespace = 'wedsync_realtime'::regnamespace
            and t.tgname like '%\_dispatch\_' || channel.id
    loop
        execute format('drop trigger %I on %s', v_trigger.tgname, v_trigger.relation);
    end loop;
    foreach v_operation in array array['INSERT', 'UPDATE', 'DELETE'] loop
        execute format(
            'drop function if exists wedsync_realtime.%I()',
            wedsync_realtime.dispatch_name(channel.name, v_operation)
        );
    end loop;
    if exists (
        select from wedsync_realtime.channels as c
        where c.id <> channel.id and wedsync_realtime.channel_table(c) = v_table
    ) then
        return;
    end if;
    for v_part in
        select v_table
        union
        select p.relid from pg_partition_tree(v_table) as p
    loop
        execute format('alter table %s replica identity %s', v_part, channel.found_identity);
    end loop;
    if not channel.found_published and wedsync_realtime.is_published(v_table) then
        execute format('alter publication supabase_realtime drop table %s', v_table);
    end if;
end
$$;

comment on function wedsync_realtime.detach_channel(wedsync_realtime.channels) is
'Detach a channel from its table, leaving it as it was found.';
revoke execute on function wedsync_realtime.detach_channel(wedsync_realtime.channels)
from public, anon, authenticated, service_role;
