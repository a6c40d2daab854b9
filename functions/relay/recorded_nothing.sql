-- Say at a glance that nothing was recorded since a position: no id was drawn, and who was at work
-- then still is, so that nothing they had recorded before has been committed. (Whoever draws an id
-- has written before, and has a transaction id.) False when it cannot be said; on a standby, which
-- learns of ids in batches; inside a window; and in another session than the position was given
-- to: after a crash, which ends them all, ids are drawn again that were not on disk.

create or replace function wedsync_realtime.recorded_nothing(
    "position" text,
    recorded   bigint,
    secret     text
)
    returns boolean
    language plpgsql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_part constant text[] := string_to_array("position", '.');
begin
    if v_part[3] is distinct from '-' || recorded
        or recorded::text is distinct from current_setting('wedsync_realtime.recorded', true)
        or v_part[5] is distinct from wedsync_realtime.sign_cursor(left("position", -24), secret)
    then
        return false;
    end if;
    return exists (
        select
        from wedsync_realtime.known_server as k
        where
            k.epoch = v_part[2]
            and not exists (
                select from pg_snapshot_xip(v_part[4]::pg_snapshot) as x
                where pg_visible_in_snapshot(x, pg_current_snapshot())
            )
    );
end
$$;

comment on function wedsync_realtime.recorded_nothing(text, bigint, text) is
'Whether it is sure at a glance that nothing was recorded since a position.';
revoke execute on function wedsync_realtime.recorded_nothing(text, bigint, text)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.recorded_nothing(text, bigint, text)
to wedsync_realtime_owner;
