-- Follow what became of the application's tables since the deployment; says what could not be
-- attached, null when nothing is left. Keys that were renamed and columns that came are compiled
-- into the trigger functions; a channel whose table or columns are gone is disabled, which ends its
-- subscriptions; the rest is done table by table. All of them together wait a second and a half:
-- long enough for autovacuum to give way, short enough for the writers of those that are attached
-- already, which wait for this to end. What somebody holds longer is tried at the next run.

create or replace function wedsync_realtime.follow_tables()
    returns text
    language plpgsql
    volatile
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_until timestamptz;
    v_missing regclass[];
begin
    -- a deployment attaches them itself
    begin
        lock table wedsync_realtime.feed_horizon in share update exclusive mode nowait;
    exception
        when lock_not_available then
            return null;
    end;
    perform wedsync_realtime.prepare_channels();
    v_until := clock_timestamp() + interval '1.5 s';
    v_missing := array(
        select distinct m.relation
        from wedsync_realtime.missing_attachments() as m
        where m.obstacle is null and m.place = 2
    );
    return (
        select string_agg(distinct f.problem, '; ')
        from wedsync_realtime.channels as c
        cross join lateral wedsync_realtime.follow_table(c, v_missing, v_until) as f (problem)
        where c.is_enabled or c.problem is not null
    );
end
$$;

comment on function wedsync_realtime.follow_tables() is
'Follow what became of the application''s tables: new partitions, tables made anew, dropped or '
'renamed; returns which could not be attached, and why.';
revoke execute on function wedsync_realtime.follow_tables()
from public, anon, authenticated, service_role;
