-- Read a page of a window with the cursor and the position after each row. It is cut by size too,
-- as polls cut theirs. Inside the window both go on in it; after the last row of a topic its cursor
-- has seen all of the window, after the last row of all the position has. That row says whether
-- this is all there was: where nothing was at work beside the window, and it has left out nothing.

create or replace function wedsync_realtime.read_window(
    news       wedsync_realtime.news,
    max_events integer,
    settings   wedsync_realtime.settings
)
    returns table (
        kind     text,
        id       bigint,
        subjects text[],
        body     jsonb,
        cursor   text,
        next     text
    )
    language plpgsql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_seen constant wedsync_realtime.cursor := news.seen;
    v_bytes constant integer := 16777216;
    v_secret constant text := settings.cursor_secret;
    v_end constant text := wedsync_realtime.to_cursor(
        row(news.epoch, -news.recorded, v_seen.upto, null, null)::wedsync_realtime.cursor, v_secret
    );
    v_inside constant text := wedsync_realtime.to_cursor(
        row(v_seen.epoch, 0, v_seen.seen, v_seen.upto, 0)::wedsync_realtime.cursor, v_secret
    ) || '/';
    v_told wedsync_realtime.told;
    v_place bigint;
    v_count integer := 0;
    v_size integer := 0;
    v_is_cut boolean := false;
    v_is_all boolean;
    v_most constant integer := least(max_events, greatest(1, 16 * v_bytes / settings.event_bytes));
begin
    for v_told in
        select e.* from wedsync_realtime.window_events(news, v_most + 1) as e
        union all
        select n.* from wedsync_realtime.window_notices(news, v_most + 1) as n
        order by place
        limit v_most + 1
    loop
        if v_count > 0 then
            next := v_inside || v_place;
            return next;
            v_is_cut := v_count = v_most or v_size >= v_bytes;
            exit when v_is_cut;
        end if;
        v_place := v_told.place;
        kind := v_told.kind;
        id := v_told.id;
        subjects := v_told.subjects;
        body := v_told.body;
        cursor := case
            when v_told.is_last then format('1.%s.%s.%s.', news.epoch, v_told.topic_id, v_seen.upto)
            when kind = 'event' then format(
                '1.%s.%s.%s.%s.%s.', news.epoch, v_told.topic_id, v_seen.seen, v_seen.upto, id
            )
        end;
        -- as sign_cursor() does, without a call for each event
        cursor := cursor || left(encode(sha256(convert_to(
            v_secret || encode(sha256(convert_to(v_secret || cursor, 'UTF8')), 'hex'), 'UTF8'
        )), 'hex'), 24);
        v_count := v_count + 1;
        v_size := v_size + pg_column_size(body);
    end loop;
    if v_count > 0 and not v_is_cut then
        next := v_end;
        return next;
        v_is_all := news.recorded > 0
            and pg_snapshot_xmin(v_seen.upto) = pg_snapshot_xmax(v_seen.upto);
    end if;
    return query select
        'position', null::bigint, null::text[], to_jsonb(v_is_all), null, coalesce(next, v_end);
end
$$;

comment on function wedsync_realtime.read_window(
    wedsync_realtime.news, integer, wedsync_realtime.settings
) is
'A page of a window, for drain.';
revoke execute on function wedsync_realtime.read_window(
    wedsync_realtime.news, integer, wedsync_realtime.settings
)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.read_window(
    wedsync_realtime.news, integer, wedsync_realtime.settings
)
to wedsync_realtime_owner;
