-- Read what is new since a position, all in one snapshot. While nothing is, the position stays
-- as it came.

create or replace function wedsync_realtime.read_new(
    "position" text,
    seen       wedsync_realtime.cursor,
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
    v_news wedsync_realtime.news;
    v_next wedsync_realtime.cursor;
begin
    v_news := wedsync_realtime.find_news(
        seen, wedsync_realtime.current_snapshot(), settings.replay_events
    );
    if v_news.has_notices or v_news.xids is not null or v_news.resyncs is not null then
        return query
        select w.* from wedsync_realtime.read_window(v_news, max_events, settings) as w;
        return;
    end if;
    kind := 'position';
    next := "position";
    v_next := row(
        v_news.epoch, 0, (v_news.seen).upto, null, null
    )::wedsync_realtime.cursor;
    if v_next.seen is not null and v_next::text is distinct from seen::text then
        next := wedsync_realtime.to_cursor(v_next, settings.cursor_secret);
    end if;
    return next;
end
$$;

comment on function wedsync_realtime.read_new(
    text, wedsync_realtime.cursor, integer, wedsync_realtime.settings
) is
'What is new since a position, for drain.';
revoke execute on function wedsync_realtime.read_new(
    text, wedsync_realtime.cursor, integer, wedsync_realtime.settings
)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.read_new(
    text, wedsync_realtime.cursor, integer, wedsync_realtime.settings
)
to wedsync_realtime_owner;
