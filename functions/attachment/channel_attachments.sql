-- List what the channels' tables still lack, each as the statement that adds it: replica identity
-- and dispatch triggers of a table and its partitions, which may be written to directly, and the
-- publication. Strong locks come first, so that a statement that waits holds no weaker one. A table
-- whose generated columns PostgreSQL would not let identity full and the publication go together
-- for keeps the identity it has; one that has full already stays out of the publication. Whether a
-- table fits its channel is looked at only where something is missing.

create or replace function wedsync_realtime.channel_attachments(relations regclass[] default null)
    returns table (relation regclass, place integer, statement text)
    language plpgsql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
begin
    return query
    with parts as (
        select c.id, c.name, r.root, t.relid::regclass as part
        from wedsync_realtime.channels as c
        cross join lateral wedsync_realtime.channel_table(c) as r (root)
        cross join lateral (
            select r.root::oid as relid union select p.relid from pg_partition_tree(r.root) as p
        ) as t
    ),
    missing (id, relation, place, statement) as (
        select p.id, p.part, 1, format('alter table only %s replica identity full', p.part)
        from parts as p
        inner join pg_class as r on r.oid = p.part and r.relreplident <> 'f'
        where wedsync_realtime.can_send_rows(p.part)
        union all
        select p.id, p.part, 2, format(
            'create trigger %1$I after %2$s on %3$s %4$s for each statement '
            'execute function wedsync_realtime.%5$s; comment on trigger %1$I on %3$s is %6$L',
            wedsync_realtime.trigger_name(r.relname, d.verb, p.id),
            d.verb, p.part, 'referencing ' || d.transition,
            case
                when d.transition is null then format('dispatch_truncate(%L)', p.id)
                else quote_ident(wedsync_realtime.dispatch_name(p.name, d.verb)) || '()'
            end,
            format('Records changes for the channel %s.', p.name)
        )
        from parts as p
        inner join pg_class as r on r.oid = p.part
        cross join (values
            ('insert', 'new table as changed_rows'),
            ('update', 'old table as old_rows new table as new_rows'),
            ('delete', 'old table as changed_rows'), ('truncate', null)
        ) as d (verb, transition)
        -- by what it is for, because a renamed table keeps its triggers
        where not exists (
            select from pg_trigger as t
            where
                t.tgrelid = p.part
                and t.tgname like '%\_after\_' || d.verb || '\_dispatch\_' || p.id
        )
        union all
        select p.id, p.root, 3, format('alter publication supabase_realtime add table %s', p.root)
        from parts as p
        inner join pg_class as r on r.oid = p.root and r.relpersistence = 'p'
        where not wedsync_realtime.is_published(p.root) and not exists (
            select from parts as o
            inner join pg_class as c on c.oid = o.part and c.relreplident = 'f'
            where o.id = p.id and not wedsync_realtime.can_send_rows(o.part)
        )
    ),
    asked as (
        select m.* from missing as m where relations is null or m.relation = any (relations)
    )
    select distinct m.relation, m.place, m.statement
    from asked as m
    where m.id in (
        select c.id from wedsync_realtime.channels as c
        where
            c.id = any(array(select n.id from asked as n))
            and wedsync_realtime.table_problem(c) is null
    );
end
$$;

comment on function wedsync_realtime.channel_attachments(regclass[]) is
'What the tables of the channels still lack, each as the statement that adds it.';
revoke execute on function wedsync_realtime.channel_attachments(regclass[])
from public, anon, authenticated, service_role;
