-- Name the sessions that hold locks on tables, for a message.

create or replace function wedsync_realtime.table_users(relations regclass[])
    returns text
    language plpgsql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
begin
    return (
        select string_agg(distinct format(
            '%s by %s', l.relation::regclass,
            coalesce(
                format('pid %s%s', l.pid, ' (' || nullif(a.application_name, '') || ')')
                || ' since ' || to_char(a.xact_start, 'YYYY-MM-DD HH24:MI:SSOF'),
                'pid ' || l.pid,
                'a prepared transaction'
            )
        ), ', ')
        from pg_locks as l
        left join pg_stat_activity as a on a.pid = l.pid
        where
            l.locktype = 'relation'
            and l.database in (
                select d.oid from pg_database as d where d.datname = current_database()
            )
            and l.relation = any (relations)
            and l.granted
            and l.pid is distinct from pg_backend_pid()
    );
end
$$;

comment on function wedsync_realtime.table_users(regclass[]) is
'Sessions that hold locks on tables, in words; null when there are none.';
revoke execute on function wedsync_realtime.table_users(regclass[])
from public, anon, authenticated, service_role;
