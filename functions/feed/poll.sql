-- Return what the caller's lease has not been sent yet, and the cursor to go on from. The
-- decision is made again on every call. On a standby, or in a read-only transaction, nothing is
-- written: the lease is renewed and the topic settled by the polls on the primary.
-- What it writes it does not wait for: a row that another call holds, in a transaction that its
-- caller may leave open, is left for a later poll.
-- The feed is locked before its snapshot is taken: no partition goes in between.
-- Its statements, and those of the steps it calls, look things up by key: planning them anew for
-- each call's values would take longer than running them. Such a plan is taken to read much, so jit
-- would compile it in every call. A bitmap would be made of all that a client has not seen, before
-- the first of it is looked at; and of a tenant that wrote much of the feed the first new event
-- would be looked for in all of it, page by page.
-- It has few steps, because each pins its settings anew, which costs as much as a look-up by key.
-- Refuses: unauthorized, invalid_request, subscription_not_found, subscription_expired,
-- forbidden_channel (and ends the lease, unless somebody holds it or its tenant's counter).

create or replace function wedsync_realtime.poll(channel text, cursor text, max_events integer)
    returns jsonb
    language plpgsql
    volatile
    security definer
    set search_path = pg_catalog, pg_temp
    set timezone = 'UTC'
    set plan_cache_mode = force_generic_plan
    set jit = off
    set enable_bitmapscan = off
    set enable_seqscan = off
as $$
declare
    v_user constant uuid := wedsync_realtime.caller_id();
    v_now timestamptz;
    v_reading wedsync_realtime.reading;
begin
    if v_user is null or max_events is null or max_events not between 1 and 1000
        or channel is null or length(channel) not between 1 and 200
    then
        return wedsync_realtime.refuse(v_user, 'poll', case
            when v_user is null then wedsync_realtime.to_problem('unauthorized')
            else wedsync_realtime.to_problem('invalid_request', case
                when max_events between 1 and 1000
                    then 'channel must be a channel id, as subscribe answered it'
                else 'max_events must be between 1 and 1000'
            end)
        end);
    end if;
    lock table only wedsync_realtime.events in access share mode;
    v_now := clock_timestamp();
    v_reading := wedsync_realtime.read_feed(v_user, channel, cursor, max_events, v_now);
    if v_reading.answer is null then
        if (v_reading.problem).code = 'forbidden_channel' and v_reading.lease_id is not null
            and current_setting('transaction_read_only') = 'off'
        then
            perform wedsync_realtime.end_leases(
                array(
                    select s.id
                    from public.realtime_subscriptions as s
                    inner join wedsync_realtime.tenants as t on t.tenant_id = s.tenant_id
                    where s.id = v_reading.lease_id
                    for update of s, t skip locked
                ),
                'revoked', 'no longer authorised'
            );
        end if;
        return wedsync_realtime.refuse(v_user, 'poll', v_reading.problem);
    end if;
    if v_reading.unsettled_id is null and v_reading.renew_before is null
        or current_setting('transaction_read_only') = 'on'
    then
        return v_reading.answer;
    end if;
    update public.realtime_subscriptions as s
    set last_ping_at = v_now
    where s.id = (
        select o.id
        from public.realtime_subscriptions as o
        where o.id = v_reading.lease_id and o.last_ping_at < v_reading.renew_before
        for no key update skip locked
    );
    if v_reading.unsettled_id is not null
        and wedsync_realtime.settle_topic(v_reading.unsettled_id)
    then
        return v_reading.answer || '{"ready": true}';
    end if;
    return v_reading.answer;
end
$$;

comment on function wedsync_realtime.poll(text, text, integer) is
'Events that a subscription of the caller has not been sent yet; the body of realtime_poll.';
revoke execute on function wedsync_realtime.poll(text, text, integer)
from public, anon;
grant execute on function wedsync_realtime.poll(text, text, integer)
to authenticated, service_role;
