-- List the tables of enabled channels, partitions included, and what of the attachment is amiss:
-- dispatch triggers that are missing or do not fire, replica identity, publication, policies.

create or replace function wedsync_realtime.attached_tables()
    returns table (
        channel           text,
        relation          regclass,
        triggers          integer,
        has_identity      boolean,
        is_in_publication boolean,
        has_row_security  boolean
    )
    language plpgsql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
as $$
begin
    return query
    select
        c.name, p.part, (
            select count(distinct substring(t.tgname from '_after_([a-z]+)_dispatch_'))::integer
            from pg_trigger as t
            where
                t.tgrelid = p.part
                and t.tgname ~ ('_after_(insert|update|delete|truncate)_dispatch_' || c.id || '$')
                and t.tgenabled in ('O', 'A')
        ),
        r.relreplident = 'f', wedsync_realtime.is_published(w.root), r.relrowsecurity
    from wedsync_realtime.channels as c
    cross join lateral (select wedsync_realtime.channel_table(c) as root) as w
    cross join lateral (
        select w.root as part
        union
        select x.relid from pg_partition_tree(w.root) as x
    ) as p
    inner join pg_class as r on r.oid = p.part
    where c.is_enabled;
end
$$;

comment on function wedsync_realtime.attached_tables() is
'Tables of enabled channels and the state of their attachment; four triggers are complete.';
revoke execute on function wedsync_realtime.attached_tables()
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.attached_tables()
to wedsync_realtime_owner;
