-- Read what a poll answers, or why it is refused, in every case, as read_feed() does in the usual
-- one. Without a cursor it begins where the lease does. Of a lease that is not there the audit says
-- whether it expired or was revoked; otherwise it is none of the caller's.

create or replace function wedsync_realtime.read_unusual(
    user_id    uuid,
    channel    text,
    cursor     text,
    max_events integer,
    at         timestamptz
)
    returns wedsync_realtime.reading
    language plpgsql
    stable
    security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_lease constant wedsync_realtime.lease := wedsync_realtime.find_lease(user_id, channel);
    v_seen wedsync_realtime.cursor;
    v_upto pg_snapshot;
    v_reason text;
    v_reading wedsync_realtime.reading;
begin
    v_seen := case
        when cursor is not null
            then wedsync_realtime.parse_cursor(cursor, v_lease.cursor_secret)
        else row(
            v_lease.epoch, v_lease.topic_id, v_lease.since, null, null
        )::wedsync_realtime.cursor
    end;
    if v_seen.seen is null or v_lease.may_hear is not true
        or v_lease.last_ping_at <= at - v_lease.stale_after
    then
        v_reading.lease_id := v_lease.id;
        v_reading.problem := case
            when cursor is not null and v_seen.seen is null then wedsync_realtime.to_problem(
                'invalid_request', 'cursor is none that poll or subscribe has answered'
            )
            else wedsync_realtime.to_problem(
                case
                    when v_lease.id is null then coalesce((
                        select case l.event_type
                            when 'expired' then 'subscription_expired'
                            when 'revoked' then 'forbidden_channel'
                        end
                        from public.realtime_activity_logs as l
                        where
                            l.user_id = read_unusual.user_id
                            and l.channel_id = read_unusual.channel
                            and l."timestamp" > now() - interval '1 day'
                        order by l."timestamp" desc
                        limit 1
                    ), 'subscription_not_found')
                    when v_lease.may_hear is not true then 'forbidden_channel'
                    else 'subscription_expired'
                end,
                hint => 'Subscribe again and go on from your cursor.'
            )
        end;
        return v_reading;
    end if;

    select w.upto, w.reason into v_upto, v_reason
    from wedsync_realtime.choose_window(v_lease, v_seen) as w;
    return row(
        v_lease.id,
        case when not v_lease.is_ready then v_lease.topic_id end,
        nullif(greatest(v_lease.last_ping_at, at - v_lease.stale_after / 5), v_lease.last_ping_at),
        null::wedsync_realtime.problem,
        case when v_reason is null and v_upto is not null
            then wedsync_realtime.read_page(v_lease, channel, cursor, v_seen, v_upto, max_events)
            else wedsync_realtime.empty_page(v_lease, cursor, v_seen, v_upto, v_reason)
        end
    );
end
$$;

comment on function wedsync_realtime.read_unusual(uuid, text, text, integer, timestamptz) is
'What a poll answers in any case, or the problem with it.';
revoke execute on function wedsync_realtime.read_unusual(uuid, text, text, integer, timestamptz)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.read_unusual(uuid, text, text, integer, timestamptz)
to wedsync_realtime_owner;
