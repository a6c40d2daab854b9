-- The channels that clients may subscribe to, as types tell of them. unnamed: what a change is
-- called that none of the channel's rules fits, where there may be one.
select
    c.name,
    c.table_name,
    c.filter_key,
    c.key_columns,
    array(
        select k.name from wedsync_realtime.channel_columns(c) as k order by k.name
    ) as columns,
    array(
        select distinct r.event from wedsync_realtime.event_rules as r
        where r.channel_id = c.id
        order by r.event
    ) as events,
    array(
        select pg_catalog.replace(c.name, '-', '_') || '.' || pg_catalog.lower(o.operation)
        from pg_catalog.unnest(array['INSERT', 'UPDATE', 'DELETE']) as o (operation)
        where not exists (
            select from wedsync_realtime.event_rules as r
            where
                r.channel_id = c.id
                and r.operation = o.operation
                and r.changed is null
                and r.was = '{}'
                and r.becomes = '{}'
        )
    ) as unnamed
from wedsync_realtime.channels as c
where c.is_enabled
order by c.name
