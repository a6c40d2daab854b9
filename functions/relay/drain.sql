-- Hand a relay what has been committed since a position, over all topics: each event once, in the
-- order in which polls tell it, with its subjects and the topic's cursor after it. What it costs
-- does not depend on how many listen.
-- Every row names the position after it; the last row is that position alone. Its body says, after
-- a page, whether that is all which anybody had recorded or was about to commit: who records later
-- finds a bell that was hung out before. No position begins now; an empty one makes every topic
-- resync first, for a relay that has lost its own, and tells of every lease whose end is kept.
-- A window that was cut keeps to the replay_events that it began with: a topic whose events are
-- told already could not be told to resync any more.
-- The feed is locked before its snapshot is taken: no partition goes in between.
-- How much was recorded is asked before the snapshot is taken, so that no id is drawn in between.
-- Its statements, and those of the steps it calls, look things up by index, whatever a planner
-- without statistics takes the new to be; jit would compile them in every call.

create or replace function wedsync_realtime.drain(
    "position" text default null,
    max_events integer default 1000
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
    volatile
    security definer
    set search_path = pg_catalog, pg_temp
    set timezone = 'UTC'
    set plan_cache_mode = force_generic_plan
    set enable_seqscan = off
    set enable_bitmapscan = off
    set enable_hashjoin = off
    set enable_mergejoin = off
    set max_parallel_workers_per_gather = 0
    set jit = off
as $$
declare
    v_settings wedsync_realtime.settings;
    v_seen wedsync_realtime.cursor;
    v_recorded bigint;
    v_news wedsync_realtime.news;
begin
    if max_events is null or max_events not between 1 and 10000 then
        raise exception 'max_events must be between 1 and 10000'
            using errcode = 'invalid_parameter_value';
    end if;
    if current_setting('transaction_isolation') not like 'read %' then
        raise exception 'drain needs isolation level READ COMMITTED'
            using errcode = 'invalid_parameter_value',
            hint = 'An older snapshot shows nothing new.';
    end if;
    v_recorded := coalesce(pg_sequence_last_value('wedsync_realtime.events_id_seq'), 0)
        + coalesce(pg_sequence_last_value('wedsync_realtime.resets_id_seq'), 0);
    if "position" like '%.-' || v_recorded - 1 || '.%' then
        return query select e.* from wedsync_realtime.next_event("position", v_recorded) as e;
        if found then
            return;
        end if;
    end if;
    select s.* into v_settings from wedsync_realtime.settings as s;
    kind := 'position';
    next := "position";
    lock table only wedsync_realtime.events in access share mode;
    if "position" like '%.-' || v_recorded || '.%'
        and wedsync_realtime.recorded_nothing("position", v_recorded, v_settings.cursor_secret)
    then
        return next;
        return;
    end if;

    if "position" = '' then
        v_seen := row('', 0, '1:1:', null, null)::wedsync_realtime.cursor;
    elsif "position" is not null then
        v_seen := wedsync_realtime.parse_position("position", v_settings.cursor_secret);
        if v_seen.seen is null then
            raise exception 'position is none that drain has answered'
                using errcode = 'invalid_parameter_value',
                hint = 'Begin with an empty one: every client is then told to read its copy anew.';
        end if;
        if v_seen.upto is not null and v_seen.topic_id < 0 then
            v_settings.replay_events := (-v_seen.topic_id)::integer;
        end if;
    end if;
    v_news := wedsync_realtime.find_news(
        v_seen, v_recorded, wedsync_realtime.current_snapshot(), v_settings.replay_events
    );
    if v_news.recorded > 0 then
        perform set_config('wedsync_realtime.recorded', v_news.recorded::text, false);
    end if;
    if v_news.has_notices or v_news.xids is not null or v_news.resyncs is not null then
        return query
        select w.* from wedsync_realtime.read_window(v_news, max_events, v_settings) as w;
    else
        if (v_news.seen).upto is not null then
            next := format('1.%s.%s.%s.', v_news.epoch, -v_news.recorded, (v_news.seen).upto);
            next := next || wedsync_realtime.sign_cursor(next, v_settings.cursor_secret);
        end if;
        return next;
    end if;
end
$$;

comment on function wedsync_realtime.drain(text, integer) is
'What has been committed since a position, over all topics, for a relay. kind is event, resync, '
'ready, ended, or position, which comes last, with whether nobody else was at work as its body; '
'next is the position after a row, cursor the topic''s.';
revoke execute on function wedsync_realtime.drain(text, integer)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.drain(text, integer) to wedsync_realtime_relay;
