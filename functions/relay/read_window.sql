-- Read a page of a window with the cursor and the position after each row. It is cut by size too,
-- as polls cut theirs. Inside the window both go on in it; after the last row of a topic its cursor
-- has seen all of the window, after the last row of all the position has.

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
    v_end constant text := wedsync_realtime.to_cursor(
        row(news.epoch, 0, v_seen.upto, null, null)::wedsync_realtime.cursor,
        settings.cursor_secret
    );
    v_most constant integer := least(max_events, greatest(1, 16 * v_bytes / settings.event_bytes));
begin
    for kind, id, subjects, body, cursor, next in
        select
            p.kind, p.id, p.subjects, p.body,
            case when p.kind in ('event', 'resync') then wedsync_realtime.to_cursor(
                row(
                    news.epoch, p.topic_id,
                    case when p.is_last then v_seen.upto else v_seen.seen end,
                    case when not p.is_last then v_seen.upto end,
                    case when not p.is_last then p.id end
                )::wedsync_realtime.cursor,
                settings.cursor_secret
            ) end,
            case
                when p.following is null then v_end
                else wedsync_realtime.to_cursor(
                    row(v_seen.epoch, 0, v_seen.seen, v_seen.upto, p.place)
                        ::wedsync_realtime.cursor,
                    settings.cursor_secret
                )
            end
        from (
            select
                m.*,
                lead(m.place) over page as following,
                m.kind = 'resync'
                or (lead(m.place) over topic is null and count(*) over () <= v_most) as is_last,
                row_number() over page as number,
                sum(pg_column_size(m.body)) over page - pg_column_size(m.body) as bytes_before
            from (
                select e.* from wedsync_realtime.window_events(news, v_most + 1) as e
                union all
                select n.* from wedsync_realtime.window_notices(news, v_most + 1) as n
                order by place
                limit v_most + 1
            ) as m
            window
                page as (order by m.place),
                topic as (partition by m.topic_id, m.kind order by m.place)
        ) as p
        where p.number <= v_most and p.bytes_before < v_bytes
        order by p.place
    loop
        return next;
    end loop;
    return query select
        'position', null::bigint, null::text[], null::jsonb, null,
        coalesce(next, v_end);
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
