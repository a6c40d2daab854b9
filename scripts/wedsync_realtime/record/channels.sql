-- What the registry makes, for each channel: kind, name, template, what to blank out of its
-- definition to get the template's, and whether it has to be there. Compiled functions must have
-- the body that compiling them again would write. Needs search_path = pg_catalog, so that all names
-- come out qualified.

with
registered as (
    select
        c as channel, c.id, c.name, r.oid::regclass as relation,
        r.oid is not null and wedsync_realtime.table_problem(c) is null as is_fit
    from wedsync_realtime.channels as c
    left join (
        select t.oid, t.relname, n.nspname
        from pg_class as t
        inner join pg_namespace as n on n.oid = t.relnamespace
    ) as r on r.nspname = c.schema_name and r.relname = c.table_name
),

part as (
    select a.id, a.name, p.relation as part,
        a.is_fit and wedsync_realtime.attachment_obstacle(p.relation, 2) is null as is_fit
    from registered as a
    cross join lateral (
        select a.relation
        union
        select t.relid from pg_partition_tree(a.relation) as t
    ) as p (relation)
    where a.relation is not null
)

select
    'function',
    format('wedsync_realtime.%I()', wedsync_realtime.dispatch_name(a.name, o.operation)),
    'compiled function: ' || lower(o.operation),
    array[
        wedsync_realtime.dispatch_body(a.channel, o.operation),
        wedsync_realtime.dispatch_name(a.name, o.operation),
        'channel ' || a.name
    ],
    a.is_fit
from registered as a
cross join unnest(array['INSERT', 'UPDATE', 'DELETE']) as o (operation)
union all
select
    'sequence',
    wedsync_realtime.gate_name(a.id),
    'gate of a channel',
    array['channel ' || a.name],
    a.is_fit
from registered as a
union all
select
    'trigger',
    format(
        '%s on %s',
        coalesce(t.tgname, (
            select wedsync_realtime.trigger_name(r.relname, lower(o.operation), p.id)
            from pg_class as r where r.oid = p.part
        )),
        p.part
    ),
    'channel trigger: ' || lower(o.operation),
    array[
        quote_ident(t.tgname),
        ' ON ' || p.part::text,
        wedsync_realtime.dispatch_name(p.name, o.operation),
        'dispatch_truncate(' || quote_literal(p.id) || ')',
        'channel ' || p.name
    ],
    p.is_fit
from part as p
cross join unnest(array['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE']) as o (operation)
left join pg_trigger as t on
    t.tgrelid = p.part and t.tgname like '%\_after\_' || lower(o.operation) || '\_dispatch\_' || p.id
union all
select 'replica identity', p.part::text, 'channel table', array[r.relreplident::text], true
from part as p
inner join pg_class as r on r.oid = p.part
where p.is_fit and wedsync_realtime.can_send_rows(p.part)
union all
select
    'publication', 'supabase_realtime of ' || a.relation, 'channel table',
    array[wedsync_realtime.is_published(a.relation)::text], true
from registered as a
inner join pg_class as r on r.oid = a.relation and r.relpersistence = 'p'
where
    a.is_fit
    and wedsync_realtime.can_send_rows(a.relation)
    and wedsync_realtime.attachment_obstacle(a.relation, 3) is null
order by 1, 2
