-- What the registry makes, for each channel whose table exists: kind, name, template, and what to
-- blank out of its definition to get the template's. Compiled functions must have the body that
-- compiling them again would write. Needs search_path = pg_catalog.

with
attached as (
    select c as channel, c.id, c.name, r.oid::regclass as relation
    from wedsync_realtime.channels as c
    inner join pg_namespace as n on n.nspname = c.schema_name
    inner join pg_class as r on r.relnamespace = n.oid and r.relname = c.table_name
),

part as (
    select a.*, p.relation as part
    from attached as a
    cross join lateral (
        select a.relation
        union
        select t.relid from pg_partition_tree(a.relation) as t
    ) as p (relation)
)

select
    'function',
    format('wedsync_realtime.%I()', wedsync_realtime.dispatch_name(a.name, o.operation)),
    'compiled function: ' || lower(o.operation),
    array[
        wedsync_realtime.dispatch_body(a.channel, o.operation),
        wedsync_realtime.dispatch_name(a.name, o.operation),
        'channel ' || a.name
    ]
from attached as a
cross join unnest(array['INSERT', 'UPDATE', 'DELETE']) as o (operation)
union all
select
    'trigger',
    format(
        '%s on %s',
        coalesce(t.tgname, (
            select left(r.relname, 30) || '_after_' || lower(o.operation) || '_dispatch_' || p.id
            from pg_class as r where r.oid = p.part
        )),
        p.part
    ),
    'channel trigger: ' || lower(o.operation),
    array[
        t.tgname::text,
        ' ON ' || p.part::text,
        wedsync_realtime.dispatch_name(p.name, o.operation),
        'dispatch_truncate(' || quote_literal(p.id) || ')',
        'channel ' || p.name
    ]
from part as p
cross join unnest(array['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE']) as o (operation)
left join pg_trigger as t on
    t.tgrelid = p.part and t.tgname like '%\_after\_' || lower(o.operation) || '\_dispatch\_' || p.id
union all
select 'replica identity', p.part::text, 'channel table', array[r.relreplident::text]
from part as p
inner join pg_class as r on r.oid = p.part
union all
select
    'publication', 'supabase_realtime of ' || a.relation, 'channel table',
    array[wedsync_realtime.is_published(a.relation)::text]
from attached as a
order by 1, 2
