-- Give a table the dispatch triggers of a channel, unless it has them.

create or replace function wedsync_realtime.attach_triggers(
    channel  wedsync_realtime.channels,
    relation regclass
)
    returns void
    language plpgsql
    volatile
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_name text := (select left(c.relname, 30) from pg_class as c where c.oid = relation);
begin
    perform wedsync_realtime.ensure_trigger(
        relation,
        format('%s_after_%s_dispatch_%s', v_name, d.verb, channel.id),
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
    ) as d (verb, transition)
    -- by what it is for, because a renamed table keeps its triggers
    where not exists (
        select from pg_trigger as t
        where
            t.tgrelid = relation
            and t.tgname like '%\_after\_' || d.verb || '\_dispatch\_' || channel.id
    );
end
$$;

comment on function wedsync_realtime.attach_triggers(wedsync_realtime.channels, regclass) is
'Give a table the dispatch triggers of a channel.';
revoke execute on function wedsync_realtime.attach_triggers(wedsync_realtime.channels, regclass)
from public, anon, authenticated, service_role;
