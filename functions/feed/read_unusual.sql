-- Read what a poll answers in every case, as read_feed() does in the usual one, from what that has
-- found of the lease; or say why it is refused, or that the client must read its copy anew, or
-- wait. Without a cursor it begins where the lease does. Of a lease that is not there the audit
-- says whether it expired or was revoked; otherwise it is none of the caller's.

create or replace function wedsync_realtime.read_unusual(
    lease      wedsync_realtime.lease,
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
    v_seen wedsync_realtime.cursor;
    v_upto pg_snapshot;
    v_reason text;
    v_reading wedsync_realtime.reading;
begin
    lease.may_hear := wedsync_realtime.may_hear(user_id, lease.channel_id, lease.tenant_id);
    select h.max_xid, h.dropped into lease.max_xid, lease.dropped
    from wedsync_realtime.feed_horizon as h;
    if lease.epoch is null then
        lease.epoch := wedsync_realtime.epoch();
        lease.durable_xid := wedsync_realtime.durable_xid();
    end if;
    v_seen := case
        when cursor is not null
            then wedsync_realtime.parse_cursor(cursor, lease.cursor_secret)
        else row(
            lease.epoch, lease.topic_id, lease.since, null, null
        )::wedsync_realtime.cursor
    end;
    if v_seen.seen is null or lease.may_hear is not true
        or lease.last_ping_at <= at - lease.stale_after
    then
        v_reading.lease_id := lease.id;
        v_reading.problem := case
            when cursor is not null and v_seen.seen is null then wedsync_realtime.to_problem(
                'invalid_request', 'cursor is none that poll or subscribe has answered'
            )
            else wedsync_realtime.to_problem(
                case
                    when lease.id is null then coalesce((
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
                    when lease.may_hear is not true then 'forbidden_channel'
                    else 'subscription_expired'
                end,
                hint => 'Subscribe again and go on from your cursor.'
            )
        end;
        return v_reading;
    end if;

    select w.upto, w.reason into v_upto, v_reason
    from wedsync_realtime.choose_window(lease, v_seen) as w;
    return row(
        lease.id,
        case when not lease.is_ready then lease.topic_id end,
        nullif(greatest(lease.last_ping_at, at - lease.stale_after / 5), lease.last_ping_at),
        null::wedsync_realtime.problem,
        case when v_upto is null or v_reason is not null then jsonb_build_object(
            'success', true, 'ready', lease.is_ready, 'events', '{}'::text[],
            'cursor', case
                when v_upto is not null then wedsync_realtime.next_cursor(
                    lease, row(lease.epoch, lease.topic_id, null, null, null), v_upto, true,
                    null, null
                )
                when cursor is not null then cursor
                else wedsync_realtime.next_cursor(lease, v_seen, v_seen.seen, false, null, null)
            end,
            'hasMore', false, 'resyncRequired', v_upto is not null,
            'reason', case when v_upto is not null then v_reason end
        ) else wedsync_realtime.read_page(lease, channel, cursor, v_seen, v_upto, max_events) end
    );
end
$$;

comment on function wedsync_realtime.read_unusual(
    wedsync_realtime.lease, uuid, text, text, integer, timestamptz
) is
'What a poll answers in any case, or the problem with it.';
revoke execute on function wedsync_realtime.read_unusual(
    wedsync_realtime.lease, uuid, text, text, integer, timestamptz
)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.read_unusual(
    wedsync_realtime.lease, uuid, text, text, integer, timestamptz
)
to wedsync_realtime_owner;
