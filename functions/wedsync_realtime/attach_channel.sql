-- Attach a channel's table: replica identity, publication, dispatch triggers. Whatever is in
-- place is left alone, so it costs nothing and locks nothing when run again. False when the
-- table does not exist yet.

create or replace function wedsync_realtime.attach_channel(channel wedsync_realtime.channels)
    returns boolean
    language plpgsql
    volatile
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_table regclass := wedsync_realtime.channel_table(channel);
begin
    if v_table is null then
        return false;
    end if;
    if channel.found_published is null then
        perform wedsync_realtime.note_found(channel.id, v_table);
    end if;
    if (select c.relreplident from pg_class as c where c.oid = v_table) <> 'f' then
        execute format('alter table %s replica identity full', v_table);
    end if;
    if not exists (
        select from pg_publication_tables as p
        where
            p.pubname = 'supabase_realtime'
            and p.schemaname = channel.schema_name
            and p.tablename = channel.table_name
    ) then
        execute format('alter publication supabase_realtime add table %s', v_table);
    end if;

    perform wedsync_realtime.compile_channel(channel);
    perform wedsync_realtime.ensure_trigger(
        v_table,
        format('%s_after_%s_dispatch_%s', left(channel.table_name, 30), d.verb, channel.id),
        format(
            'after %s on %%table%% %s for each statement execute function wedsync_realtime.%s',
            d.verb, 'referencing ' || d.transition,
            case
                when d.transition is null then format('dispatch_truncate(%L)', channel.id)
                else quote_ident(wedsync_realtime.dispatch_name(channel.name, d.verb)) || '()'
            end
        ),
        format('Records changes for the channel %s.', channel.name)
    )
    from (values
        ('insert', 'new table as changed_rows'),
        ('update', 'old table as old_rows new table as new_rows'),
        ('delete', 'old table as changed_rows'),
        ('truncate', null)
    ) as d (verb, transition);
    return true;
end
$$;

comment on function wedsync_realtime.attach_channel(wedsync_realtime.channels) is
'Attach a channel to its table: replica identity, publication, triggers; false when there is no '
'table.';
revoke execute on function wedsync_realtime.attach_channel(wedsync_realtime.channels)
from public, anon, authenticated, service_role;
