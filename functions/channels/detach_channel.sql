-- Detach a channel from its table: its triggers, wherever a renamed table took them, its trigger
-- functions and, unless another channel uses the table, the replica identity and the publication
-- as attach_channel found them. The table may be gone, or have left the publication.

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
begin
    for v_trigger in
        select t.tgname, t.tgrelid::regclass as relation, not r.relispartition as is_root
        from pg_trigger as t
        inner join pg_class as r on r.oid = t.tgrelid
        inner join pg_proc as p on p.oid = t.tgfoid
        where
            p.pronamespace = 'wedsync_realtime'::regnamespace
            and t.tgname like '%\_dispatch\_' || channel.id
    loop
        execute format('drop trigger %I on %s', v_trigger.tgname, v_trigger.relation);
        if v_table is null and v_trigger.is_root then
            v_table := v_trigger.relation;
        end if;
    end loop;
    foreach v_operation in array array['INSERT', 'UPDATE', 'DELETE'] loop
        execute format(
            'drop function if exists wedsync_realtime.%I()',
            wedsync_realtime.dispatch_name(channel.name, v_operation)
        );
    end loop;
    execute format('drop sequence if exists %s', wedsync_realtime.gate_name(channel.id));
    if v_table is null or channel.found_published is null or exists (
        select from wedsync_realtime.channels as c
        where c.id <> channel.id and wedsync_realtime.channel_table(c) = v_table
    ) then
        return;
    end if;
    perform wedsync_realtime.restore_identity(v_table, channel.found_identity);
    if not channel.found_published and exists (
        select
        from pg_publication as p
        inner join pg_publication_rel as r on r.prpubid = p.oid
        where p.pubname = 'supabase_realtime' and r.prrelid = v_table
    ) then
        execute format('alter publication supabase_realtime drop table %s', v_table);
    end if;
end
$$;

comment on function wedsync_realtime.detach_channel(wedsync_realtime.channels) is
'Detach a channel from its table, leaving it as it was found.';
revoke execute on function wedsync_realtime.detach_channel(wedsync_realtime.channels)
from public, anon, authenticated, service_role;
