-- health(): row level security, dispatch triggers, replica identity and publication of every
-- attached table.

create or replace function wedsync_realtime.health_tables()
    returns table (name text, status text, value text, advice text, sql text)
    language plpgsql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
begin
    return query
    with attached as materialized (
        select a.* from wedsync_realtime.attached_tables() as a
    )
    select
        k.name, case when k.amiss is null then 'ok' else k.severity end,
        coalesce(k.amiss, format('%s tables', (select count(*) from attached))),
        case when k.amiss is null then '' else k.advice end,
        case when k.amiss is null then '' else k.sql end
    from (
        select
            'row_level_security', 'warn', string_agg(distinct a.relation::text, ', '),
            'Everybody with a grant reads all rows. Enable it with policies of your own, or with '
            'those that keep suppliers and couples to their rows.',
            string_agg(
                distinct format('select wedsync_realtime.protect_table(%L)', a.relation), '; '
            )
        from attached as a where not a.has_row_security
        union all
        select
            'dispatch_triggers', 'fail', string_agg(
                format('%s (%s of 4 for %s)', a.relation, a.triggers, a.channel), ', '
            ),
            'Changes of these tables reach nobody: enable the triggers, or drop and attach again. '
            'Clients must then resync.',
            string_agg(
                distinct format('alter table %s enable trigger user', a.relation), '; '
            ) || '; select wedsync_realtime.attach_channel(c) from wedsync_realtime.channels as c'
        from attached as a where a.triggers < 4
        union all
        select
            'replica_identity', 'fail', string_agg(distinct a.relation::text, ', '),
            'Clients of postgres_changes get no old rows.',
            string_agg(distinct format('alter table %s replica identity full', a.relation), '; ')
        from attached as a where not a.has_identity
        union all
        select
            'publication', 'fail', string_agg(distinct a.relation::text, ', '),
            'Clients of postgres_changes get nothing.',
            'select wedsync_realtime.attach_channel(c) from wedsync_realtime.channels as c'
        from attached as a where not a.is_in_publication
    ) as k (name, severity, amiss, advice, sql);
end
$$;

comment on function wedsync_realtime.health_tables() is 'health(): attached tables.';
revoke execute on function wedsync_realtime.health_tables()
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.health_tables()
to wedsync_realtime_owner;
