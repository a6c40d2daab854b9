-- Size and retention of the feed and of the audit, one row a partition.

create or replace view wedsync_realtime.feed_size as
select
    p.relname::text collate pg_catalog."default" as parent,
    c.relname::text collate pg_catalog."default" as partition,
    b.lower,
    b.upper,
    b.upper is null as is_default,
    case
        when b.upper is not null then greatest(c.reltuples, 0)::bigint
        when c.oid = 'wedsync_realtime.events_default'::regclass
            then (select count(*) from wedsync_realtime.events_default)
        else (select count(*) from public.realtime_activity_logs_default)
    end as rows,
    pg_total_relation_size(c.oid) as bytes,
    b.upper + k.retention as drop_after,
    coalesce(b.upper + k.retention < now() - interval '1 hour', false) as is_overdue
from pg_inherits as i
inner join pg_class as c on i.inhrelid = c.oid
inner join pg_class as p on i.inhparent = p.oid
cross join wedsync_realtime.settings as s
cross join lateral (
    select
        substring(
            pg_get_expr(c.relpartbound, c.oid) from 'FROM \(''([^'']+)''\)'
        )::timestamptz as lower,
        substring(
            pg_get_expr(c.relpartbound, c.oid) from 'TO \(''([^'']+)''\)'
        )::timestamptz as upper
) as b
cross join lateral (
    select
        case i.inhparent
            when 'wedsync_realtime.events'::regclass then s.feed_retention
            else s.log_retention
        end as retention
) as k
where i.inhparent in (
    'wedsync_realtime.events'::regclass, 'public.realtime_activity_logs'::regclass
);

comment on view wedsync_realtime.feed_size is
'Partitions of the feed (a day each) and of the audit (a month each), with their size.';
comment on column wedsync_realtime.feed_size.parent is 'Table it is a partition of.';
comment on column wedsync_realtime.feed_size.partition is 'Name of the partition.';
comment on column wedsync_realtime.feed_size.lower is 'Where it begins; null: the default one.';
comment on column wedsync_realtime.feed_size.upper is 'Where it ends; null: the default one.';
comment on column wedsync_realtime.feed_size.is_default is
'Catches what no other partition takes; empty in good health.';
comment on column wedsync_realtime.feed_size.rows is
'Rows: estimated by the last ANALYZE, counted in the default partition.';
comment on column wedsync_realtime.feed_size.bytes is 'Size on disk with indexes.';
comment on column wedsync_realtime.feed_size.drop_after is 'From when upkeep may drop it.';
comment on column wedsync_realtime.feed_size.is_overdue is
'It should have been dropped an hour ago.';
revoke all on wedsync_realtime.feed_size from public, anon, authenticated, service_role;
grant select on wedsync_realtime.feed_size to wedsync_realtime_monitor, wedsync_realtime_owner;
