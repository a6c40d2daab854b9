-- List what the tables of the application, or some of them, still lack, each as the statement that
-- adds it; empty after a deployment. relation is the table that is locked; place gives the order: 1
-- locks out readers too, 2 writers, 3 is for postgres_changes alone, 4 and 5 refer to the table of
-- users. obstacle says why this role may not run it.

create or replace function wedsync_realtime.missing_attachments(relations regclass[] default null)
    returns table (relation regclass, place integer, statement text, obstacle text)
    language plpgsql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
begin
    return query
    select
        m.relation, m.place, m.statement,
        wedsync_realtime.attachment_obstacle(m.relation, m.place)
    from (
        select a.* from wedsync_realtime.channel_attachments(relations) as a
        union all
        select a.* from wedsync_realtime.ground_access(relations) as a
        union all
        select a.* from wedsync_realtime.name_access(relations) as a
        union all
        select a.* from wedsync_realtime.ground_triggers(relations) as a
        union all
        select a.* from wedsync_realtime.user_keys(relations) as a
    ) as m
    order by m.relation, m.place, m.statement;
end
$$;

comment on function wedsync_realtime.missing_attachments(regclass[]) is
'What the tables of the application still lack, each as the statement that adds it, and why this '
'role may not run it.';
revoke execute on function wedsync_realtime.missing_attachments(regclass[])
from public, anon, authenticated, service_role;
