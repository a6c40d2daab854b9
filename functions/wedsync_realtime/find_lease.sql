-- Find a caller's lease by its channel id and decide anew whether it may be served.
-- Refuses: subscription_not_found, subscription_expired, forbidden_channel (and ends the lease).

create or replace function wedsync_realtime.find_lease(
    user_id           uuid,
    channel           text,
    at                timestamptz,
    out topic_id      bigint,
    out since         pg_snapshot,
    out filter_params jsonb,
    out is_ready      boolean,
    out problem_code  text
)
    language plpgsql
    volatile
    security definer
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_can_write boolean := current_setting('transaction_read_only') = 'off';
    v_found record;
begin
    select
        s.id, s.last_ping_at, x.stale_after,
        s.topic_id, s.since, s.filter_params, t.is_ready,
        wedsync_realtime.may_hear(find_lease.user_id, t.channel_id, t.tenant_id) as may_hear
    into v_found
    from public.realtime_subscriptions as s
    inner join wedsync_realtime.topics as t on t.id = s.topic_id
    cross join wedsync_realtime.settings as x
    where s.user_id = find_lease.user_id and s.channel_id = find_lease.channel;
    if not found then
        problem_code := wedsync_realtime.absence_code(user_id, channel);
        return;
    end if;
    topic_id := v_found.topic_id;
    since := v_found.since;
    filter_params := v_found.filter_params;
    is_ready := v_found.is_ready;

    if v_found.may_hear is not true then
        problem_code := 'forbidden_channel';
        if v_can_write then
            perform wedsync_realtime.end_leases(
                array[v_found.id], 'revoked', 'no longer authorised'
            );
        end if;
    elsif v_found.last_ping_at <= at - v_found.stale_after then
        problem_code := 'subscription_expired';
    elsif v_can_write and v_found.last_ping_at < at - v_found.stale_after / 5 then
        update public.realtime_subscriptions as s set last_ping_at = at where s.id = v_found.id;
    end if;
end
$$;

comment on function wedsync_realtime.find_lease(uuid, text, timestamptz) is
'Lease of a caller by its channel id, renewed when due, or the code of the problem with it.';
revoke execute on function wedsync_realtime.find_lease(uuid, text, timestamptz)
from public, anon, authenticated, service_role;
grant execute on function wedsync_realtime.find_lease(uuid, text, timestamptz)
to wedsync_realtime_owner;
