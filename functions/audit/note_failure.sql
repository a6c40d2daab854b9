-- Count a failure that the writer does not see, and return how many there are of this kind in
-- its transaction; one of count 0 belongs to the one before it, if there is any. The row is the
-- transaction's own, so nobody waits for it, at no isolation level.

create or replace function wedsync_realtime.note_failure(
    channel_id smallint,
    kind       text,
    sqlstate   text,
    message    text,
    count      bigint default 1
)
    returns bigint
    language plpgsql
    volatile
    security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_count bigint;
begin
    insert into wedsync_realtime.dispatch_failures as f
        (channel_id, kind, sqlstate, message, count)
    values (
        note_failure.channel_id, note_failure.kind, note_failure.sqlstate,
        left(note_failure.message, 500), greatest(note_failure.count, 1)
    )
    on conflict on constraint dispatch_failures_pkey do update
    set
        sqlstate = case note_failure.count when 0 then f.sqlstate else excluded.sqlstate end,
        message = case note_failure.count
            when 0 then left(f.message || '; ' || excluded.message, 500)
            else excluded.message
        end,
        count = f.count + note_failure.count,
        last_at = excluded.last_at
    returning f.count into v_count;
    return v_count;
end
$$;

comment on function wedsync_realtime.note_failure(smallint, text, text, text, bigint) is
'Count failures in dispatch_failures; returns how many there are in this transaction.';
revoke execute on function wedsync_realtime.note_failure(smallint, text, text, text, bigint)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.note_failure(smallint, text, text, text, bigint)
to wedsync_realtime_owner;
