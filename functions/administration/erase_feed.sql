-- Cut the events of a couple to the keys of their rows: those on its topics, and those on topics
-- of suppliers whose rows name it. They are not deleted, because a client that has not fetched
-- them must still learn that something changed; it is told as of a row that was too large.

create or replace function wedsync_realtime.erase_feed(couple_id uuid)
    returns bigint
    language plpgsql
    volatile
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_cut bigint;
begin
    update wedsync_realtime.events as e
    set
        is_cut = true,
        changed = null,
        new = (
            select jsonb_object_agg(k, e.new -> k)
            from unnest(c.key_columns) as k where e.new ? k
        ),
        old = (
            select jsonb_object_agg(k, e.old -> k)
            from unnest(c.key_columns) as k where e.old ? k
        )
    from wedsync_realtime.channels as c
    where
        c.id = e.channel_id
        and not e.is_cut
        and (
            e.tenant_id = erase_feed.couple_id
            or e.new ->> 'couple_id' = erase_feed.couple_id::text
            or e.old ->> 'couple_id' = erase_feed.couple_id::text
        );
    get diagnostics v_cut = row_count;
    return v_cut;
end
$$;

comment on function wedsync_realtime.erase_feed(uuid) is
'Cut the events of a couple to the keys of their rows; returns how many.';
revoke execute on function wedsync_realtime.erase_feed(uuid)
from public, anon, authenticated, service_role;
