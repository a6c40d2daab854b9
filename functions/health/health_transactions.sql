-- health(): transactions that do nothing and are not ended.

create or replace function wedsync_realtime.health_transactions()
    returns table (name text, status text, value text, advice text, sql text)
    language plpgsql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_longer_than interval := (
        select s.warn_open_for from wedsync_realtime.settings as s
    );
begin
    return query
    select
        'idle_transactions', case when count(i.idle_for) > 0 then 'warn' else 'ok' end,
        case
            when count(i.idle_for) = 0 then 'none for ' || v_longer_than
            else format(
                '%s, longest for %s (%s)', count(i.idle_for),
                date_trunc('second', max(i.idle_for)),
                (array_agg(i.client order by i.idle_for desc nulls last))[1]
            )
        end
        || case
            when count(*) filter (where i.is_hidden) > 0
                then format('; %s sessions hidden', count(*) filter (where i.is_hidden))
            else ''
        end,
        concat_ws(
            ' ',
            case
                when count(i.idle_for) > 0
                    then 'They keep topics from settling and hold what upkeep drops. End them, and '
                        'set idle_in_transaction_session_timeout.'
            end,
            case
                when count(*) filter (where i.is_hidden) > 0
                    then 'Grant pg_read_all_stats to the role that deploys, to be told of all.'
            end
        ),
        coalesce(
            string_agg(
                case
                    when i.pid is not null then format('select pg_terminate_backend(%s)', i.pid)
                    else format('rollback prepared %L', substr(i.client, length('prepared ') + 1))
                end, '; '
            ) filter (where i.idle_for is not null), ''
        )
    from wedsync_realtime.open_transactions(v_longer_than) as i
    where i.idle_for >= v_longer_than or i.is_hidden;
end
$$;

comment on function wedsync_realtime.health_transactions() is
'health(): transactions that have been idle for settings.warn_open_for.';
revoke execute on function wedsync_realtime.health_transactions()
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.health_transactions()
to wedsync_realtime_owner;
