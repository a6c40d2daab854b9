-- Count a failure that the writer does not see; one of count 0 belongs to the one before it in its
-- transaction, if there is any. The row is the transaction's own, so nobody waits for it, at no
-- isolation level. For the first in dispatch the clients of the channel must resync; when not even
-- that can be noted the error is raised: a write that nobody is told of must fail.

create or replace function wedsync_realtime.note_failure(
    channel_id smallint,
    kind       text,
    sqlstate   text,
    message    text,
    count      bigint default 1
)
    returns void
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
    if kind = 'dispatch' and count = 1 and v_count = 1 then
        insert into wedsync_realtime.resets (channel_id, reason)
        values (note_failure.channel_id, 'dispatch_failed');
    end if;
end
$$;

comment on function wedsync_realtime.note_failure(smallint, text, text, text, bigint) is
'Count failures in dispatch_failures; of one in dispatch the clients of its channel are told.';
revoke execute on function wedsync_realtime.note_failure(smallint, text, text, text, bigint)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.note_failure(smallint, text, text, text, bigint)
to wedsync_realtime_owner;
