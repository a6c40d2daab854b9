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
    v_most constant integer := least(max_events, greatest(1, 16 * v_bytes / settings.event_bytes));
    v_secret constant text := settings.cursor_secret;
    v_end text := format('1.%s.%s.%s.', news.epoch, -news.recorded, v_seen.upto);
    v_inside text;
    v_place bigint;
    v_is_end boolean;
    v_count integer := 0;
    v_size integer := 0;
begin
    v_end := v_end || wedsync_realtime.sign_cursor(v_end, v_secret);
    for kind, id, subjects, body, cursor, v_place, v_is_end in
        -- signed as sign_cursor() does, without a call for each event
        select
            c.kind, c.id, c.subjects, c.body,
            c.cursor || left(encode(sha256(convert_to(v_secret || encode(sha256(
                convert_to(v_secret || c.cursor, 'UTF8')
            ), 'hex'), 'UTF8')), 'hex'), 24),
            c.place, lead(c.place) over (order by c.place) is null
        from (
            select w.*, case
                when w.is_last
                    then '1.' || news.epoch || '.' || w.topic_id || '.' || v_seen.upto || '.'
                when w.kind = 'event' then format(
                    '1.%s.%s.%s.%s.%s.', news.epoch, w.topic_id, v_seen.seen, v_seen.upto, w.id
                )
            end as cursor
            from (
                select e.* from wedsync_realtime.window_events(news, v_most + 1) as e
                union all
                select n.* from wedsync_realtime.window_notices(news, v_most + 1) as n
                where news.has_notices or news.resyncs is not null
            ) as w
            offset 0
        ) as c
        order by c.place
    loop
        if not v_is_end and v_inside is null then
            v_inside := format(
                '1.%s.%s.%s.%s.0.', v_seen.epoch,
                case when news.has_notices is null then 0 else -settings.replay_events end,
                v_seen.seen, v_seen.upto
            );
            v_inside := v_inside || wedsync_realtime.sign_cursor(v_inside, v_secret) || '/';
        end if;
        next := case when v_is_end then v_end else v_inside || v_place end;
        return next;
        v_count := v_count + 1;
        v_size := v_size + pg_column_size(body);
        exit when v_count = v_most or v_size >= v_bytes;
    end loop;
    v_is_end := v_is_end and news.recorded > 0
        and pg_snapshot_xmin(v_seen.upto) = pg_snapshot_xmax(v_seen.upto);
    return query select
        'position', null::bigint, null::text[], to_jsonb(v_is_end), null, coalesce(next, v_end);
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
