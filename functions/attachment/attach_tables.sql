-- Attach all tables that still lack something, at one moment. The runner attaches them one by one
-- before, each in a transaction of its own, and leaves nothing to do here.

create or replace function wedsync_realtime.attach_tables()
    returns integer
    language plpgsql
    volatile
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_relations constant regclass[] := array(
        select distinct m.relation
        from wedsync_realtime.missing_attachments() as m
        where m.obstacle is null
    );
begin
    if cardinality(v_relations) = 0 then
        return 0;
    end if;
    return wedsync_realtime.attach_relations(v_relations, interval '2 minutes');
end
$$;

comment on function wedsync_realtime.attach_tables() is
'Attach all tables that still lack something; returns how many statements that took.';
revoke execute on function wedsync_realtime.attach_tables()
from public, anon, authenticated, service_role;
